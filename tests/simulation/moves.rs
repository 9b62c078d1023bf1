//! Steps of a run, and what they name.

use super::run::Flight;
use threadpay::{
    idempotency::store::KeyName,
    ids::{AttemptId, MerchantId},
    rails::RailAnswer,
    writer::{Command, Submission},
};

/// A command on its way, and why it is.
#[derive(Clone, Debug)]
pub struct Move {
    pub submission: Submission,
    pub flight: Option<Flight>,
    /// The attempt that a report is about, and what became of it.
    pub reported: Option<(AttemptId, RailAnswer)>,
}

impl Move {
    pub fn of(submission: Submission) -> Self {
        Self {
            submission,
            flight: None,
            reported: None,
        }
    }
}

pub fn names(submission: &Submission) -> Vec<KeyName> {
    let own = submission
        .claim
        .as_ref()
        .map(|claim| claim.key.as_str().to_owned());
    let waiting = if let Command::Finish(ticket, _) = &submission.command {
        ticket.key.clone()
    } else {
        None
    };
    let names = own.into_iter().chain(waiting);
    names.map(|key| (submission.merchant, key)).collect()
}

pub fn by_worker(merchant: MerchantId, command: Command) -> Submission {
    Submission {
        merchant,
        command,
        claim: None,
        request_id: String::new(),
    }
}
