//! What our calls come to: a payment is presented once, looked up on the chain, and presented again
//! where it may not have arrived.
//!
//! A facilitator's word is believed where the account names no node, which only those who test may
//! leave out. Else the chain decides: what a facilitator refuses, or says nothing of, can still be
//! brought there by whoever holds it, until it ends.

use super::{
    Bytes32, Client, LEAST_REST, Settings, Signed, Trail,
    chain::Standing,
    facilitator::{Presentation, Settlement},
};
use crate::domain::rails::{CallKind, DeclineCode, RailAnswer, RailCall, RailFact};
use time::OffsetDateTime;

/// A charge, with all that is stored for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What to do.
    pub call: RailCall,
    /// The account.
    pub settings: Settings,
    /// The payment.
    pub signed: Signed,
}

impl Order {
    /// Has the payment brought to the chain, for the first time.
    pub async fn send(&self, client: Client<'_>) -> RailFact {
        if self.call.kind != CallKind::Charge {
            return self.never();
        }
        match (self.settle(client, Presentation::First).await, client.node) {
            (Settlement::Settled(settled), None) => self.paid(settled.transaction),
            // Nobody else was given it, so nobody brings it there but its payer.
            (Settlement::Refused(refusal), None) => self.declined(refusal.why.decline()),
            (Settlement::Unknown { .. }, None) => self.answer(RailAnswer::Unknown),
            (Settlement::Settled(settled), Some(_)) => {
                self.find(client, Some(settled.transaction)).await.0
            }
            (Settlement::Refused(_), Some(_)) => self.answer(RailAnswer::Pending),
            (Settlement::Unknown { transaction, .. }, Some(_)) => {
                self.find(client, transaction).await.0
            }
        }
    }

    /// Asks what became of it, and presents it again where it is not on the chain and can still come
    /// there.
    pub async fn find_out(&self, client: Client<'_>, now: OffsetDateTime) -> RailFact {
        if self.call.kind != CallKind::Charge {
            return self.never();
        }
        let (fact, is_missing) = self.find(client, None).await;
        let rest = self.signed.authorization.valid_before - now;
        if !is_missing || (client.node.is_some() && rest < LEAST_REST) {
            return fact;
        }
        match (self.settle(client, Presentation::Again).await, client.node) {
            (Settlement::Settled(settled), None) => self.paid(settled.transaction),
            (Settlement::Settled(_), Some(_)) => self.answer(RailAnswer::Pending),
            (Settlement::Refused(_) | Settlement::Unknown { .. }, _) => fact,
        }
    }

    async fn settle(&self, client: Client<'_>, presentation: Presentation) -> Settlement {
        let Signed {
            authorization,
            presented,
            ..
        } = &self.signed;
        let settlement = client.settle(authorization, presented, presentation).await;
        tracing::info!(attempt = %self.call.attempt, ?settlement, "presented a payment");
        settlement
    }

    /// What the chain says, and whether it says that the payment is not there.
    async fn find(&self, client: Client<'_>, named: Option<Bytes32>) -> (RailFact, bool) {
        let trail = Trail {
            since: self.signed.since.unwrap_or_default(),
            transaction: named,
        };
        match client.look_up(&self.signed.authorization, &trail).await {
            Ok(Some(Standing::Paid { transaction, .. })) => (self.paid(transaction), false),
            Ok(Some(Standing::NotPaid)) => (self.declined(DeclineCode::NotPaidInTime), false),
            Ok(Some(Standing::Waiting {
                seen: Some(transaction),
            })) => {
                let pending = self.answer(RailAnswer::Pending);
                (self.named(transaction, pending), false)
            }
            Ok(Some(Standing::Waiting { seen: None } | Standing::NotOurs) | None) => {
                (self.answer(RailAnswer::Unknown), true)
            }
            Err(doubt) => {
                tracing::warn!(attempt = %self.call.attempt, %doubt, "the node cannot be asked");
                (self.answer(RailAnswer::Unknown), false)
            }
        }
    }

    fn paid(&self, transaction: Bytes32) -> RailFact {
        let paid = RailFact {
            amount: Some(self.call.amount),
            ..self.answer(RailAnswer::Succeeded)
        };
        self.named(transaction, paid)
    }

    /// With what it is known by. One transaction can bring many payments: the nonce says which.
    fn named(&self, transaction: Bytes32, fact: RailFact) -> RailFact {
        RailFact {
            external_id: Some(format!("{transaction}:{}", self.signed.authorization.nonce)),
            ..fact
        }
    }

    fn declined(&self, code: DeclineCode) -> RailFact {
        self.answer(RailAnswer::Declined(code))
    }

    /// The payer alone can take a payment back, and nothing is held: such calls are not made.
    fn never(&self) -> RailFact {
        self.declined(DeclineCode::ProcessingError)
    }

    fn answer(&self, answer: RailAnswer) -> RailFact {
        RailFact::answer(&self.call, answer)
    }
}
