//! Works off replays: makes the deliveries of a part of the feed due again, a step at a time.

use super::{
    Progress, Worker,
    queue::{Bounds, Queue},
};
use crate::{
    app::App,
    base::ids::ReplayId,
    domain::{
        callbacks::{ReplayStatus, outbox, replay::store},
        due::{self, Kind, Taken},
    },
};
use std::{sync::Arc, time::Duration};

/// A merchant's replays take turns with those of others.
const BOUNDS: Bounds = Bounds {
    merchants: 256,
    share: 2,
    at_once: 2,
};

/// Brings replays forward.
#[derive(Debug)]
pub struct Replayer(Queue);

impl Replayer {
    /// A replayer that begins with the first merchant.
    pub fn new(app: Arc<App>) -> Self {
        Self(Queue::new(app, Kind::Replay, BOUNDS))
    }
}

impl Worker for Replayer {
    const NAME: &'static str = "replay";
    const PERIOD: Duration = Duration::from_secs(2);
    type Error = sqlx::Error;

    async fn tick(&mut self) -> Result<Progress, sqlx::Error> {
        self.0.tick(step).await
    }
}

async fn step(app: &App, taken: Taken) -> Result<(), sqlx::Error> {
    let (now, pool) = (app.ambient.now(), &app.worker_pool);
    let replay = (taken.merchant, ReplayId(taken.subject));
    let stepped = store::step(pool, replay, now, || app.ambient.id()).await?;
    if let Some((_, endpoint)) = stepped {
        outbox::waiting::add(pool, (taken.merchant, endpoint), now).await?;
    }
    let thing = (taken.merchant, taken.subject);
    match stepped.map(|(status, _)| status) {
        Some(ReplayStatus::Running) => due::store::again(pool, Kind::Replay, thing, now).await?,
        Some(ReplayStatus::Completed | ReplayStatus::Canceled) | None => {
            due::store::done(pool, Kind::Replay, &[thing]).await?;
        }
    }
    app.wake.deliveries.notify_one();
    Ok(())
}
