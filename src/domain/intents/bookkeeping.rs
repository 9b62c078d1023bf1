//! Which journal entry each movement of money posts.

use super::{Attempt, Intent, Refund};
use crate::{
    base::money::{Currency, Money},
    domain::{
        ledger::{Account, Direction, Draft, EntryKind, Origin, ThreadPlace, Unbalanced},
        movements::money_at,
        rails::Route,
    },
};

/// The accounts that payments by this route post to: the caller who books one needs their balances.
pub fn booked_accounts(route: Route, currency: Currency) -> [(Account, Currency); 2] {
    [
        (money_at(route, currency), currency),
        (Account::merchant_pending(), currency),
    ]
}

/// Where the money of an attempt comes from or goes to: the rail, or suspense if it was a movement.
fn other_side(attempt: &Attempt) -> Account {
    match attempt.movement {
        None => money_at(attempt.route, attempt.amount.currency()),
        Some(_) => Account::suspense(),
    }
}

/// The rail has taken money from the payer: it owes it to us, and we owe it to the merchant.
pub(super) fn capture(
    intent: &Intent,
    attempt: &Attempt,
    amount: Money,
) -> Result<Draft, Unbalanced> {
    let lines = vec![
        (other_side(attempt), Direction::Debit, amount),
        (Account::merchant_pending(), Direction::Credit, amount),
    ];
    let tip = intent.terms.tip;
    let tip = tip.map(|tip| {
        if tip.minor() > amount.minor() {
            amount
        } else {
            tip
        }
    });
    let draft = Draft::new(EntryKind::Capture, intent.id.to_string(), lines)?;
    Ok(draft.with_origin(Origin {
        tip,
        ..origin(intent, attempt)
    }))
}

/// The rail has given money back to the payer: the other way round.
pub(super) fn refund(
    intent: &Intent,
    attempt: &Attempt,
    refund: &Refund,
) -> Result<Draft, Unbalanced> {
    let amount = refund.amount;
    let lines = vec![
        (Account::merchant_pending(), Direction::Debit, amount),
        (other_side(attempt), Direction::Credit, amount),
    ];
    let draft = Draft::new(EntryKind::Refund, refund.id.to_string(), lines)?;
    Ok(draft.with_origin(origin(intent, attempt)))
}

/// A refund came back to the rail: what it booked is taken back.
pub(super) fn reversal(
    intent: &Intent,
    attempt: &Attempt,
    refund: &Refund,
) -> Result<Draft, Unbalanced> {
    let amount = refund.amount;
    let lines = vec![
        (
            money_at(attempt.route, amount.currency()),
            Direction::Debit,
            amount,
        ),
        (Account::merchant_pending(), Direction::Credit, amount),
    ];
    let draft = Draft::new(EntryKind::Reversal, refund.id.to_string(), lines)?;
    Ok(draft.with_origin(origin(intent, attempt)))
}

fn origin(intent: &Intent, attempt: &Attempt) -> Origin {
    Origin {
        cause: Some(attempt.id.to_string()),
        rail: Some(attempt.route.rail.as_str().to_owned()),
        ..intent.origin()
    }
}

impl Intent {
    /// What an entry keeps of the intent, however that changes later.
    pub fn origin(&self) -> Origin {
        let terms = &self.terms;
        Origin {
            payment_intent: Some(self.id),
            payment_link: terms.payment_link,
            reference: terms.details.reference.clone(),
            thread: terms.details.thread.as_ref().map(|thread| ThreadPlace {
                channel: thread.channel.as_str().to_owned(),
                tenant: thread.tenant.clone(),
                conversation: Some(thread.conversation.clone()),
                thread: thread.thread.clone(),
                message: thread.message.clone(),
            }),
            description: terms.details.description.clone(),
            ..Origin::default()
        }
    }
}
