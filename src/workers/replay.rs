//! Works off replays: makes the deliveries of a part of the feed due again, a step at a time.

use super::{Progress, Worker};
use crate::{app::App, domain::callbacks::replay::store};
use std::{sync::Arc, time::Duration};

/// Brings replays forward.
#[derive(Debug)]
pub struct Replayer(pub Arc<App>);

impl Worker for Replayer {
    const NAME: &'static str = "replay";
    const PERIOD: Duration = Duration::from_secs(2);
    type Error = sqlx::Error;

    async fn tick(&mut self) -> Result<Progress, sqlx::Error> {
        let app = &self.0;
        if !store::step(&app.worker_pool, app.ambient.now(), || app.ambient.id()).await? {
            return Ok(Progress::Idle);
        }
        app.wake.deliveries.notify_one();
        Ok(Progress::More)
    }
}
