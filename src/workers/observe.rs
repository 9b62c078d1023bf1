//! Keeps metrics up to date that are read from rows: how far callbacks are behind, and what was put
//! off again and again.

use super::{DispatcherStats, Progress, Worker};
use crate::{
    app::App,
    domain::{
        callbacks::outbox,
        due::{self, Kind},
    },
};
use std::{sync::Arc, time::Duration};

/// Measures now and then.
#[derive(Debug)]
pub struct Observer {
    app: Arc<App>,
    stats: Arc<DispatcherStats>,
}

impl Observer {
    /// An observer of the app's outbox and this process's dispatcher.
    pub fn new(app: Arc<App>, stats: Arc<DispatcherStats>) -> Self {
        Self { app, stats }
    }
}

impl Worker for Observer {
    const NAME: &'static str = "observe";
    const PERIOD: Duration = Duration::from_secs(5);
    type Error = sqlx::Error;

    async fn tick(&mut self) -> Result<Progress, sqlx::Error> {
        let now = self.app.ambient.now();
        let oldest = outbox::oldest_due(&self.app.worker_pool, now).await?;
        let lag = oldest.map_or(Duration::ZERO, |due| {
            Duration::try_from(now - due).unwrap_or_default()
        });
        self.app.metrics.outbox_lag(lag);
        self.app.metrics.deliveries(
            self.stats.delivered(),
            self.stats.failed(),
            self.stats.exhausted(),
        );
        for kind in [Kind::Attempt, Kind::Replay, Kind::Hold] {
            let stuck = due::store::stuck(&self.app.worker_pool, kind).await?;
            self.app.metrics.stuck(kind.as_str(), stuck);
        }
        Ok(Progress::Idle)
    }
}
