//! Keeps what disabled endpoints are owed until they are enabled again, and cancels what deleted
//! ones are owed.

use super::{Progress, Worker};
use crate::{app::App, domain::callbacks::upkeep::store};
use std::{sync::Arc, time::Duration};

/// Holds deliveries and lets them go.
#[derive(Debug)]
pub struct Settler(pub Arc<App>);

impl Worker for Settler {
    const NAME: &'static str = "settle";
    const PERIOD: Duration = Duration::from_secs(1);
    type Error = sqlx::Error;

    async fn tick(&mut self) -> Result<Progress, sqlx::Error> {
        let moved = store::settle(&self.0.worker_pool, self.0.ambient.now()).await?;
        if moved == 0 {
            return Ok(Progress::Idle);
        }
        self.0.wake.deliveries.notify_one();
        Ok(Progress::More)
    }
}
