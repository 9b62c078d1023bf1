//! What can be done to payment intents and their refunds.

use crate::{
    base::{
        ids::{AttemptId, IntentId, MerchantId},
        money::field::BareAmount,
    },
    domain::{
        intents::{CancellationReason, Choice, RefundTerms, Terms},
        rails::RailAnswer,
    },
    writer::needs::Needs,
};

/// A change of one payment intent.
#[derive(Clone, Debug)]
pub enum PaymentCommand {
    /// Ask for money.
    Create(Box<Terms>),
    /// Begin to charge the payer of an intent.
    Confirm(IntentId, Choice),
    /// Give up a charge that waits for its payer, who takes another way.
    GiveUp(IntentId, AttemptId),
    /// Begin to take money that is held: so much, or all.
    Capture(IntentId, Option<BareAmount>),
    /// Call an intent off, or begin to.
    Cancel(IntentId, Option<CancellationReason>),
    /// Begin to give money back.
    Refund(IntentId, RefundTerms),
    /// Apply what became of the attempt that an intent waits for.
    Report(IntentId, Awaited, RailAnswer),
    /// End an intent that nobody paid in time.
    Expire(IntentId),
}

/// What an intent must be waiting for, so that a report of its outcome makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// The payer's action.
    Action,
    /// The rail's later outcome.
    Outcome,
}

impl PaymentCommand {
    /// The rows that it names.
    pub(in crate::writer) fn needs(&self, merchant: MerchantId, needs: &mut Needs) {
        match self {
            Self::Create(_) => {}
            Self::Confirm(id, choice) => {
                needs.intents.push((merchant, *id));
                needs.add_named_by_choice(merchant, choice);
            }
            Self::GiveUp(id, _)
            | Self::Capture(id, _)
            | Self::Refund(id, _)
            | Self::Report(id, ..)
            | Self::Cancel(id, _)
            | Self::Expire(id) => needs.intents.push((merchant, *id)),
        }
    }
}
