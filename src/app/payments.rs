//! Commands that may need a rail: recorded, asked, recorded again, with the call between two
//! commits and never inside one.

use super::App;
use crate::{
    domain::{idempotency::Answer, rails::RailAnswer},
    writer::{PaymentCommand, Reply, Submission, Ticket, WriteError, Writer},
};

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Performed {
    /// The answer, in stored form.
    pub answer: Answer,
    /// Whether it is an earlier request's answer.
    pub replayed: bool,
}

impl App {
    /// Runs a command to its answer, asking the rail on the way where that is needed.
    pub async fn perform(&self, submission: Submission) -> Result<Performed, WriteError> {
        let (merchant, request_id) = (submission.merchant, submission.request_id.clone());
        match self.writer.submit(submission).await? {
            Reply::Answer(answer) => Ok(Performed {
                answer,
                replayed: false,
            }),
            Reply::Replay(answer) => Ok(Performed {
                answer,
                replayed: true,
            }),
            Reply::Call(ticket) => {
                let finish = move |ticket, answer| Submission {
                    merchant,
                    command: PaymentCommand::Finish(ticket, answer).into(),
                    claim: None,
                    request_id,
                    bytes: 0,
                };
                // On a task of its own: whoever asked may hang up, the payment goes on.
                let task = tokio::spawn(call(self.writer.clone(), ticket, finish));
                task.await.unwrap_or(Err(WriteError::Unavailable))
            }
        }
    }
}

async fn call(
    writer: Writer,
    ticket: Ticket,
    finish: impl FnOnce(Ticket, RailAnswer) -> Submission,
) -> Result<Performed, WriteError> {
    let rail = ticket.call.rail;
    let answer = tokio::time::timeout(rail.patience(), rail.send(&ticket.call)).await;
    let answer = answer.unwrap_or(RailAnswer::Unknown);
    match writer.submit(finish(ticket, answer)).await? {
        Reply::Answer(answer) | Reply::Replay(answer) => Ok(Performed {
            answer,
            replayed: false,
        }),
        // An answer never leads to another call.
        Reply::Call(_) => Err(WriteError::Broken),
    }
}
