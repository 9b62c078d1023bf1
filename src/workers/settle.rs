//! Keeps what is due to disabled endpoints until they are enabled again, and cancels what is due to
//! deleted ones.

use super::{
    Progress, Worker,
    queue::{Bounds, Queue},
};
use crate::{
    app::App,
    base::ids::EndpointId,
    domain::{
        callbacks::{outbox, upkeep::store},
        due::{self, Kind, Taken},
    },
};
use std::{sync::Arc, time::Duration};

/// A merchant's endpoints take turns with those of others.
const BOUNDS: Bounds = Bounds {
    merchants: 256,
    share: 2,
    at_once: 2,
};

/// Holds deliveries and lets them go.
#[derive(Debug)]
pub struct Settler(Queue);

impl Settler {
    /// A settler that begins with the first merchant.
    pub fn new(app: Arc<App>) -> Self {
        Self(Queue::new(app, Kind::Hold, BOUNDS))
    }
}

impl Worker for Settler {
    const NAME: &'static str = "settle";
    const PERIOD: Duration = Duration::from_secs(1);
    type Error = sqlx::Error;

    async fn tick(&mut self) -> Result<Progress, sqlx::Error> {
        self.0.tick(step).await
    }
}

async fn step(app: &App, taken: Taken) -> Result<(), sqlx::Error> {
    let (now, pool) = (app.ambient.now(), &app.worker_pool);
    let (endpoint, thing) = (EndpointId(taken.subject), (taken.merchant, taken.subject));
    let mut moved = store::settle(pool, (taken.merchant, endpoint), now).await?;
    if moved == 0 {
        due::store::done(pool, Kind::Hold, &[thing]).await?;
        // The endpoint may have changed after the look and before the row was gone.
        moved = store::settle(pool, (taken.merchant, endpoint), now).await?;
    }
    if moved > 0 {
        due::store::set(pool, Kind::Hold, &[(taken.merchant, taken.subject, now)]).await?;
        due::store::again(pool, Kind::Hold, thing, now).await?;
        outbox::waiting::add(pool, (taken.merchant, endpoint), now).await?;
        app.wake.deliveries.notify_one();
    }
    Ok(())
}
