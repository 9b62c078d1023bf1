//! The resolver: finds out what became of attempts whose answer was lost or is still to come.
//!
//! A call that got no answer is sent again under the same key, since it may never have left us: a
//! rail does one attempt at most once. One that the rail has taken on is looked up.

use super::{Progress, Worker};
use crate::{
    app::App,
    base::{actor::Actor, ids::AttemptId},
    domain::{
        due::{self, Kind, Taken},
        intents::{AttemptStatus, attempt},
        rails::{RailAnswer, RailCall},
    },
    writer::{PaymentCommand, Submission, Ticket, WriteError},
};
use futures_util::{StreamExt, stream};
use std::{sync::Arc, time::Duration};
use time::OffsetDateTime;
use uuid::Uuid;

/// Most merchants that a tick looks at.
const PAGE: i64 = 256;
/// Most attempts of one merchant that a tick asks about.
const SHARE: i64 = 16;
/// How many calls are under way at once.
const CALLS: usize = 32;
/// How often it looks for attempts that a process of the version before has left.
const ADOPTION: time::Duration = time::Duration::minutes(1);

/// Asks rails about attempts that are due.
#[derive(Debug)]
pub struct Resolver {
    app: Arc<App>,
    /// The last merchant that was looked at; the next tick goes on from there.
    after: Uuid,
    adopt_at: OffsetDateTime,
}

impl Resolver {
    /// A resolver that begins with the first merchant.
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            after: Uuid::nil(),
            adopt_at: OffsetDateTime::UNIX_EPOCH,
        }
    }
}

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
        let (app, now) = (&self.app, self.app.ambient.now());
        if now >= self.adopt_at {
            due::store::adopt_attempts(&app.worker_pool, now).await?;
            self.adopt_at = now + ADOPTION;
        }
        let place = (self.after, PAGE);
        let page = due::store::merchants(&app.worker_pool, Kind::Attempt, place, now).await?;
        let is_full = i64::try_from(page.len()).is_ok_and(|count| count == PAGE);
        let last = page.last().filter(|_| is_full);
        self.after = last.map_or_else(Uuid::nil, |(merchant, _)| merchant.0);
        let is_time = page.into_iter().filter(|(_, is_time)| *is_time);
        let merchants: Vec<_> = is_time.map(|(merchant, _)| merchant).collect();
        if merchants.is_empty() {
            return Ok(if is_full {
                Progress::More
            } else {
                Progress::Idle
            });
        }
        let share = (merchants.as_slice(), SHARE);
        let taken = due::store::take(&app.worker_pool, Kind::Attempt, share, now).await?;
        let has_more = is_full || !taken.is_empty();
        // Each for itself: what cannot be finished comes again after its pause.
        stream::iter(taken)
            .for_each_concurrent(CALLS, |taken| finish(app, taken))
            .await;
        // What was taken has moved on, so this ends.
        Ok(if has_more {
            Progress::More
        } else {
            Progress::Idle
        })
    }
}

/// Finishes an attempt, or leaves it for later.
async fn finish(app: &App, taken: Taken) {
    let put_off = match ask(app, taken).await {
        Ok(RailAnswer::Unknown) => "the rail gave no answer".to_owned(),
        Ok(
            RailAnswer::Succeeded
            | RailAnswer::Declined(_)
            | RailAnswer::Pending
            | RailAnswer::RequiresAction,
        ) => return,
        Err(error) => error.to_string(),
    };
    app.metrics.put_off(Kind::Attempt.as_str());
    tracing::warn!(
        merchant = %taken.merchant,
        attempt = %AttemptId(taken.subject),
        tries = taken.tries,
        pause_s = taken.pause().as_secs(),
        reason = %put_off,
        "an attempt is not finished; it is put off"
    );
}

async fn ask(app: &App, taken: Taken) -> Result<RailAnswer, TickError> {
    let id = AttemptId(taken.subject);
    let found = attempt::store::get(&app.worker_pool, taken.merchant, id).await?;
    let waiting = found.filter(|(attempt, _)| !attempt.is_final());
    let Some((attempt, charge)) = waiting else {
        let mut db = app.worker_pool.acquire().await?;
        let done = [(taken.merchant, taken.subject)];
        due::store::done(&mut db, Kind::Attempt, &done).await?;
        return Ok(RailAnswer::Succeeded);
    };
    let ticket = Ticket::of(&attempt, charge);
    let answer = match attempt.status {
        AttemptStatus::Started | AttemptStatus::Unknown => send_again(&ticket.call).await,
        AttemptStatus::Pending
        | AttemptStatus::RequiresAction
        | AttemptStatus::Succeeded
        | AttemptStatus::Failed => look_up(&ticket.call).await,
    };
    tracing::info!(attempt = %attempt.id, intent = %attempt.intent, ?answer, "asked the rail what became of an attempt");
    let submission = Submission {
        merchant: attempt.merchant,
        actor: Actor::Worker(Resolver::NAME),
        command: PaymentCommand::Finish(ticket, answer).into(),
        claim: None,
        request_id: String::new(),
        bytes: 0,
    };
    match app.writer.submit(submission).await {
        // That the payer's card was declined is an outcome.
        Ok(_) => Ok(answer),
        Err(error) => Err(error.into()),
    }
}

/// Sends a call that may not have left us. Where the rail keeps its answer to itself, it is asked
/// what it did.
async fn send_again(call: &RailCall) -> RailAnswer {
    let sent = tokio::time::timeout(call.rail.patience(), call.rail.send(call)).await;
    match sent.unwrap_or(RailAnswer::Unknown) {
        RailAnswer::Unknown => look_up(call).await,
        answer @ (RailAnswer::Succeeded
        | RailAnswer::Declined(_)
        | RailAnswer::Pending
        | RailAnswer::RequiresAction) => answer,
    }
}

async fn look_up(call: &RailCall) -> RailAnswer {
    let found = tokio::time::timeout(call.rail.patience(), call.rail.look_up(call)).await;
    found.unwrap_or(RailAnswer::Unknown)
}
