//! Forgets idempotency keys a day after they were used.

use super::{Progress, Worker};
use crate::{app::App, idempotency};
use std::{sync::Arc, time::Duration};
use time::Duration as Span;

/// How long a key is kept: the contract says at least 24 hours.
const KEPT: Span = Span::hours(25);
/// Most keys that a tick forgets, so that it never holds anything up.
const TICK_MAX: u16 = 5_000;

/// Forgets old keys.
#[derive(Debug)]
pub struct Forgetter(pub Arc<App>);

impl Worker for Forgetter {
    const NAME: &'static str = "forget";
    const PERIOD: Duration = Duration::from_mins(1);
    type Error = sqlx::Error;

    async fn tick(&mut self) -> Result<Progress, sqlx::Error> {
        let before = self.0.ambient.now() - KEPT;
        let forgotten =
            idempotency::store::forget(&self.0.pool, before, i64::from(TICK_MAX)).await?;
        Ok(if forgotten == u64::from(TICK_MAX) {
            Progress::More
        } else {
            Progress::Idle
        })
    }
}
