//! The sandbox, as the provider that it plays.

use super::{Asking, NotReady, Providers};
use crate::{
    base::ids::{AttemptId, MerchantId},
    domain::{
        intents::AttemptStatus,
        rails::{CallKind, Rail, RailAnswer, RailCall, RailFact, sandbox},
    },
};
use std::time::Duration;

/// How often is looked whether a webhook that comes before the answer has come.
const LOOKS: u32 = 30;
/// The pause between.
const PAUSE: Duration = Duration::from_millis(50);

impl Providers {
    pub(super) async fn ask_sandbox(
        &self,
        merchant: MerchantId,
        call: &RailCall,
        how: Asking,
    ) -> Result<RailFact, NotReady> {
        let answer = match call.scenario() {
            None => at_once(call, how),
            Some(scenario) => match (how, call.kind) {
                (Asking::First, CallKind::Charge) => {
                    if scenario.is_told_first() {
                        self.await_webhook(merchant, call.attempt).await?;
                    }
                    scenario.answer()
                }
                (
                    Asking::First | Asking::Again | Asking::LookUp,
                    CallKind::Charge
                    | CallKind::Capture
                    | CallKind::Void
                    | CallKind::Close
                    | CallKind::Refund,
                ) => self.played(merchant, call).await?,
            },
        };
        Ok(RailFact::answer(call, answer))
    }

    /// What is so by now, in the merchant's time.
    async fn played(&self, merchant: MerchantId, call: &RailCall) -> Result<RailAnswer, NotReady> {
        let merchant = self.merchant(merchant).await?;
        let charge = call.charge.unwrap_or(call.attempt);
        let charge = self.attempt(merchant.id, charge).await?;
        let since = self.ambient.now() + merchant.ahead - charge.created_at;
        Ok(sandbox::play(call, since).unwrap_or(RailAnswer::Unknown))
    }

    async fn await_webhook(&self, merchant: MerchantId, charge: AttemptId) -> Result<(), NotReady> {
        for _ in 0..LOOKS {
            if self.attempt(merchant, charge).await?.status != AttemptStatus::Started {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

fn at_once(call: &RailCall, how: Asking) -> RailAnswer {
    let answer = match how {
        Asking::First => Rail::answer_at_once(call),
        Asking::Again => Rail::answer_at_once(call).or(Rail::found_at_once(call)),
        Asking::LookUp => Rail::found_at_once(call),
    };
    answer.unwrap_or(RailAnswer::Unknown)
}
