//! Which journal entry each movement of money posts.

use super::{Attempt, Intent, Refund};
use crate::{
    base::money::{Currency, Money},
    domain::{
        ledger::{Account, Direction, Draft, EntryKind, Origin, ThreadPlace, Unbalanced},
        rails::Rail,
    },
};

/// The accounts that payments over `rail` post to: the caller who books one needs their balances.
pub fn booked_accounts(rail: Rail, currency: Currency) -> [(Account, Currency); 2] {
    let clearing = Account::rail_clearing(rail.as_str());
    [
        (clearing, currency),
        (Account::merchant_pending(), currency),
    ]
}

/// The rail has taken money from the payer: it owes it to us, and we owe it to the merchant.
pub(super) fn capture(
    intent: &Intent,
    attempt: &Attempt,
    amount: Money,
) -> Result<Draft, Unbalanced> {
    let clearing = Account::rail_clearing(attempt.rail.as_str());
    let lines = vec![
        (clearing, Direction::Debit, amount),
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
    let clearing = Account::rail_clearing(attempt.rail.as_str());
    let amount = refund.amount;
    let lines = vec![
        (Account::merchant_pending(), Direction::Debit, amount),
        (clearing, Direction::Credit, amount),
    ];
    let draft = Draft::new(EntryKind::Refund, refund.id.to_string(), lines)?;
    Ok(draft.with_origin(origin(intent, attempt)))
}

/// What the entry keeps of the intent, however that changes later.
fn origin(intent: &Intent, attempt: &Attempt) -> Origin {
    let terms = &intent.terms;
    Origin {
        cause: Some(attempt.id.to_string()),
        payment_intent: Some(intent.id),
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
        rail: Some(attempt.rail.as_str().to_owned()),
        ..Origin::default()
    }
}
