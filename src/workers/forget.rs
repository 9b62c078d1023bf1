//! Forgets what has been kept long enough: idempotency keys, deliveries with their tries, and what
//! providers told.

use super::{Progress, Worker};
use crate::{
    app::App,
    base::db,
    domain::{callbacks::upkeep, idempotency, rail_events},
};
use std::{sync::Arc, time::Duration};
use time::Duration as Span;

/// How long a key is kept: the contract says at least 24 hours.
const KEYS_KEPT: Span = Span::hours(25);
/// Most rows of a kind that a tick forgets, so that it never holds anything up.
const TICK_MAX: u16 = 5_000;

/// Forgets what is old.
#[derive(Debug)]
pub struct Forgetter(pub Arc<App>);

impl Worker for Forgetter {
    const NAME: &'static str = "forget";
    const PERIOD: Duration = Duration::from_mins(1);
    type Error = sqlx::Error;

    async fn tick(&mut self) -> Result<Progress, sqlx::Error> {
        let app = &self.0;
        // What is forgotten is gone: so the time is asked for, and not carried on.
        let mut db = app.worker_pool.acquire().await?;
        app.ambient.set(db::time(&mut db)).await?;
        drop(db);
        let now = app.ambient.now();
        let (pool, most) = (&app.worker_pool, i64::from(TICK_MAX));
        let keys = idempotency::store::forget(pool, now - KEYS_KEPT, most).await?;
        let kept = Span::days(app.config.retention_days.into());
        let deliveries = upkeep::store::forget(pool, now - kept).await?;
        // Providers ring again for a few days at most.
        let told = rail_events::store::forget(pool, now - kept, most).await?;
        Ok(if keys.max(told) == u64::from(TICK_MAX) || deliveries > 0 {
            Progress::More
        } else {
            Progress::Idle
        })
    }
}
