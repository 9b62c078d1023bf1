//! Which journal entry each movement of money posts.

use super::{Intent, Refund};
use crate::{
    base::money::{Currency, Money},
    domain::{
        ledger::{Account, Direction, Draft, EntryKind, Unbalanced},
        rails::Rail,
    },
};

/// The accounts that payments over `rail` post to: whoever books one needs their balances.
pub fn booked_accounts(rail: Rail, currency: Currency) -> [(Account, Currency); 2] {
    let clearing = Account::rail_clearing(rail.as_str());
    [
        (clearing, currency),
        (Account::merchant_pending(), currency),
    ]
}

/// The rail has taken money from the payer: it owes it to us, and we owe it to the merchant.
pub(super) fn capture(intent: &Intent, amount: Money) -> Result<Draft, Unbalanced> {
    let clearing = Account::rail_clearing(intent.terms.rail.as_str());
    let lines = vec![
        (clearing, Direction::Debit, amount),
        (Account::merchant_pending(), Direction::Credit, amount),
    ];
    let draft = Draft::new(EntryKind::Capture, intent.id.to_string(), lines)?;
    Ok(draft.for_payment_intent(intent.id.0))
}

/// The rail has given money back to the payer: the other way round.
pub(super) fn refund(intent: &Intent, refund: &Refund) -> Result<Draft, Unbalanced> {
    let clearing = Account::rail_clearing(intent.terms.rail.as_str());
    let amount = refund.amount;
    let lines = vec![
        (Account::merchant_pending(), Direction::Debit, amount),
        (clearing, Direction::Credit, amount),
    ];
    let draft = Draft::new(EntryKind::Refund, refund.id.to_string(), lines)?;
    Ok(draft.for_payment_intent(intent.id.0))
}
