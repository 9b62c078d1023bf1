//! The resolver: finds out what became of attempts whose answer was lost or is still to come.
//!
//! A call that got no answer is sent again under the same key, since it may never have left us: a
//! rail does one attempt at most once. One that the rail has taken on is looked up.

use super::{Progress, Worker, calls::Calls, submission};
use crate::{
    app::App,
    base::ids::AttemptId,
    domain::{
        due::{self, Kind, Taken},
        intents::{AttemptStatus, attempt},
        rails::RailAnswer,
    },
    writer::{MovementCommand, WriteError},
};
use std::{sync::Arc, time::Duration};

/// Asks rails about attempts that are due.
#[derive(Debug)]
pub struct Resolver(Calls);

impl Resolver {
    /// A resolver that begins with the first merchant.
    pub fn new(app: Arc<App>) -> Self {
        Self(Calls::new(app, Kind::Attempt))
    }
}

/// Why a thing is not done.
#[derive(Debug, thiserror::Error)]
pub enum TickError {
    /// The rail keeps its answer to itself.
    #[error("the rail gave no answer")]
    NoAnswer,
    /// The rows could not be read.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// The outcome could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Worker for Resolver {
    const NAME: &'static str = "resolve";
    const PERIOD: Duration = Duration::from_millis(500);
    type Error = sqlx::Error;

    async fn tick(&mut self) -> Result<Progress, sqlx::Error> {
        self.0.tick(ask).await
    }

    async fn stop(&mut self) {
        self.0.stop().await;
    }
}

/// Finishes an attempt.
async fn ask(app: Arc<App>, taken: Taken) -> Result<(), TickError> {
    let id = AttemptId(taken.subject);
    let found = attempt::store::get(&app.worker_pool, taken.merchant, id).await?;
    let waiting = found.filter(|(attempt, _)| !attempt.is_final());
    let Some((attempt, charge)) = waiting else {
        let done = [(taken.merchant, taken.subject)];
        due::store::done(&app.worker_pool, Kind::Attempt, &done).await?;
        return Ok(());
    };
    let call = attempt.call(charge);
    let fact = match attempt.status {
        AttemptStatus::Started | AttemptStatus::Unknown => {
            app.providers.send_again(taken.merchant, &call).await
        }
        AttemptStatus::Pending
        | AttemptStatus::RequiresAction
        | AttemptStatus::Succeeded
        | AttemptStatus::Failed
        | AttemptStatus::Closed
        | AttemptStatus::Reversed => app.providers.look_up(taken.merchant, &call).await,
    };
    let answer = fact.outcome;
    tracing::info!(attempt = %attempt.id, intent = %attempt.intent, ?answer, "asked the rail what became of an attempt");
    let learn = MovementCommand::Learn(Box::new(fact));
    let submission = submission::<Resolver>(attempt.merchant, learn);
    // That the payer's card was declined is an outcome.
    app.writer.submit(submission).await?;
    match answer {
        RailAnswer::Unknown => Err(TickError::NoAnswer),
        RailAnswer::Succeeded
        | RailAnswer::Declined(_)
        | RailAnswer::Pending
        | RailAnswer::RequiresAction => Ok(()),
    }
}
