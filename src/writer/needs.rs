//! Which rows the commands of a batch name. Pure, so that the simulation loads by the same rule.

use super::Submission;
use crate::{
    base::ids::{AttemptId, EndpointId, IntentId, LinkId, MerchantId, RefundId},
    domain::{
        idempotency::store::KeyName,
        intents::{Intent, State},
    },
};

/// The names of the rows that a batch loads.
#[derive(Debug, Default)]
pub struct Needs {
    /// Idempotency keys.
    pub keys: Vec<KeyName>,
    /// Payment intents.
    pub intents: Vec<(MerchantId, IntentId)>,
    /// Attempts.
    pub attempts: Vec<(MerchantId, AttemptId)>,
    /// Refunds.
    pub refunds: Vec<(MerchantId, RefundId)>,
    /// Payment links.
    pub links: Vec<(MerchantId, LinkId)>,
    /// Endpoints whose secrets are looked at.
    pub secrets: Vec<(MerchantId, EndpointId)>,
    /// Whether balances are looked at.
    pub balances: bool,
}

impl Needs {
    /// What these commands name.
    pub fn of<'a>(batch: impl IntoIterator<Item = &'a Submission>) -> Self {
        let mut needs = Self::default();
        for submission in batch {
            let merchant = submission.merchant;
            if let Some(claim) = &submission.claim {
                needs.keys.push((merchant, claim.key.as_str().to_owned()));
            }
            submission.command.needs(merchant, &mut needs);
        }
        needs
    }

    /// What an intent that was loaded names in turn.
    pub fn add_named_by(&mut self, intent: &Intent) {
        let link = intent.terms.payment_link;
        self.links.extend(link.map(|id| (intent.merchant, id)));
        if let State::Processing(id, _) | State::RequiresAction(id) = intent.state {
            self.attempts.push((intent.merchant, id));
        }
    }
}
