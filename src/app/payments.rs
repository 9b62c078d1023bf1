//! Commands that may need a rail: recorded, asked, recorded again, with the call between two
//! commits and never inside one.

use super::{App, Providers, statements};
use crate::{
    base::db::Pool,
    domain::idempotency::Answer,
    writer::{MovementCommand, Reply, Submission, WriteError, Writer},
};
use std::sync::Arc;

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
        // On a task of its own from the start: the caller may hang up at any time, and a call that
        // was recorded must be made.
        let task = tokio::spawn(run(
            self.writer.clone(),
            self.pool.clone(),
            Arc::clone(&self.providers),
            submission,
        ));
        task.await.unwrap_or(Err(WriteError::Unavailable))
    }
}

async fn run(
    writer: Writer,
    pool: Pool,
    providers: Arc<Providers>,
    submission: Submission,
) -> Result<Performed, WriteError> {
    let (merchant, actor) = (submission.merchant, submission.actor);
    let request_id = submission.request_id.clone();
    let call = match writer.submit(submission).await? {
        Reply::Call(call) => call,
        Reply::Begun(statement) => {
            let answer = statements::finish(&writer, &pool, (merchant, statement), actor).await?;
            return Ok(Performed {
                answer,
                replayed: false,
            });
        }
        Reply::Answer(answer) => {
            return Ok(Performed {
                answer,
                replayed: false,
            });
        }
        Reply::Replay(answer) => {
            return Ok(Performed {
                answer,
                replayed: true,
            });
        }
    };
    let fact = providers.send(merchant, &call).await;
    let finish = Submission {
        merchant,
        actor,
        command: MovementCommand::Learn(Box::new(fact)).into(),
        claim: None,
        request_id,
        bytes: 0,
    };
    match writer.submit(finish).await? {
        Reply::Answer(answer) | Reply::Replay(answer) => Ok(Performed {
            answer,
            replayed: false,
        }),
        // An answer never leads to another call.
        Reply::Call(_) | Reply::Begun(_) => Err(WriteError::Broken),
    }
}
