//! The resolver: asks the rail what became of attempts whose answer was lost or is still to come.

use super::{Progress, Worker};
use crate::{
    app::App,
    domain::intents::attempt,
    writer::{PaymentCommand, Ticket, WriteError},
};
use std::{sync::Arc, time::Duration};

/// Most attempts that a tick asks about.
const TICK_MAX: i64 = 100;

/// Asks the rail about attempts that are due.
#[derive(Debug)]
pub struct Resolver(pub Arc<App>);

/// Why a tick failed.
#[derive(Debug, thiserror::Error)]
pub enum TickError {
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
    type Error = TickError;

    async fn tick(&mut self) -> Result<Progress, TickError> {
        let app = &self.0;
        let due = attempt::store::due(&app.worker_pool, app.ambient.now(), TICK_MAX).await?;
        let full = i64::try_from(due.len()).is_ok_and(|count| count == TICK_MAX);
        for (attempt, charge) in due {
            let ticket = Ticket::of(&attempt, charge);
            let answer = ticket.call.rail.look_up(&ticket.call).await;
            tracing::info!(attempt = %attempt.id, intent = %attempt.intent, ?answer, "asked the rail what became of an attempt");
            super::submit(
                app,
                attempt.merchant,
                PaymentCommand::Finish(ticket, answer).into(),
            )
            .await?;
        }
        Ok(if full { Progress::More } else { Progress::Idle })
    }
}
