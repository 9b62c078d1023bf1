//! Tells what became of the charges that the sandbox plays, as a provider's webhooks do.

use super::{
    Progress, Worker, learn,
    queue::{Bounds, Queue},
};
use crate::{
    app::App,
    base::{flow::Flow, ids::AttemptId},
    domain::{
        clocks,
        due::{self, Kind, Taken},
        intents::{Attempt, AttemptStatus, attempt},
        rails::{FactKind, RailAnswer, RailFact, Scenario, sandbox::News},
    },
    writer::WriteError,
};
use std::{sync::Arc, time::Duration};
use time::OffsetDateTime;

const BOUNDS: Bounds = Bounds {
    merchants: 256,
    share: 16,
    at_once: 32,
};

/// Tells what is due.
#[derive(Debug)]
pub struct Player(Queue);

impl Player {
    /// A player that begins with the first merchant.
    pub fn new(app: Arc<App>) -> Self {
        Self(Queue::new(app, Kind::Scenario, BOUNDS))
    }
}

#[derive(Debug, thiserror::Error)]
enum PlayError {
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Worker for Player {
    const NAME: &'static str = "play";
    const PERIOD: Duration = Duration::from_millis(500);
    type Error = sqlx::Error;

    async fn tick(&mut self) -> Result<Progress, sqlx::Error> {
        self.0.tick(tell).await
    }
}

/// Tells what has happened by now: all of it, since what was told before changes nothing.
async fn tell(app: &App, taken: Taken) -> Result<(), PlayError> {
    let (pool, merchant) = (&app.worker_pool, taken.merchant);
    let found = attempt::store::load(pool, &[(merchant, AttemptId(taken.subject))]).await?;
    let charge = found.into_iter().find_map(Result::ok);
    // What was closed is not paid any more.
    let open = charge.filter(|charge| charge.status != AttemptStatus::Closed);
    let clock = clocks::store::get(pool, merchant).await?;
    let (Some(charge), Some(clock)) = (open, clock) else {
        due::store::done(pool, Kind::Scenario, &[(merchant, taken.subject)]).await?;
        return Ok(());
    };
    let scenario = charge.call(None).scenario();
    let news = scenario.map_or_else(Vec::new, Scenario::news);
    let now = clock.now(app.ambient.now());
    let mut next: Option<OffsetDateTime> = None;
    for (after, news) in news {
        let at = charge.created_at + after;
        if at > now {
            next = Some(next.map_or(at, |first| first.min(at)));
            continue;
        }
        learn::<Player>(app, merchant, fact(&charge, news, at)).await?;
    }
    match next {
        Some(at) => {
            let at = clock.outside(at);
            due::store::again(pool, Kind::Scenario, (merchant, taken.subject), at).await?;
        }
        None => due::store::done(pool, Kind::Scenario, &[(merchant, taken.subject)]).await?,
    }
    Ok(())
}

fn fact(charge: &Attempt, news: News, at: OffsetDateTime) -> RailFact {
    let call = charge.call(None);
    match news {
        News::Charge(outcome) => RailFact {
            occurred_at: Some(at),
            ..RailFact::answer(&call, outcome)
        },
        News::Dispute => RailFact {
            kind: FactKind::Dispute(Flow::Out),
            external_id: Some(format!("dispute:{}", charge.id)),
            amount: Some(charge.amount),
            occurred_at: Some(at),
            ..RailFact::answer(&call, RailAnswer::Succeeded)
        },
    }
}
