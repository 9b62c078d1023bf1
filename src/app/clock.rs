//! Compares this machine's clock with that of Postgres, at the start and ever after.
//!
//! All times that are stored or compared with stored ones are Postgres' ([`Ambient::set`]), so a
//! wrong clock does no harm by itself. But certificates, logs and whatever else runs on the machine
//! go by it: a process whose clock is off does not start, or says so and stops.

use crate::base::db::Pool;
use crate::base::{ambient::Ambient, db};
use std::{sync::OnceLock, time::Duration};
use time::Duration as Span;
use tokio_util::sync::CancellationToken;

/// How far a machine's clock may be off.
const OFF_MAX: Span = Span::seconds(5);
/// How often Postgres is asked for one comparison: the quickest answer is the truest.
const ASKED: usize = 3;
/// From one comparison to the next.
const PERIOD: Duration = Duration::from_secs(1);

/// A clock that is off by too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this machine's clock is {} s {} that of Postgres, and may be off by {} s: set the clocks of both by NTP",
    .0.whole_seconds().abs(),
    if .0.is_positive() { "ahead of" } else { "behind" },
    OFF_MAX.whole_seconds()
)]
pub struct ClockOff(Span);

/// Sets the time by Postgres', and fails if this machine's clock is off by too much.
pub(super) async fn compare(
    pool: &Pool,
    ambient: &Ambient,
) -> Result<Result<(), ClockOff>, sqlx::Error> {
    // Before the question, since waiting for a connection is no part of it.
    let mut db = pool.acquire().await?;
    let mut off = Span::ZERO;
    for _ in 0..ASKED {
        off = ambient.set(db::time(&mut db)).await?;
    }
    Ok(if off.abs() > OFF_MAX {
        Err(ClockOff(off))
    } else {
        Ok(())
    })
}

/// Whether this machine's clock was found to be off.
#[derive(Debug, Default)]
pub struct ClockWatch {
    off: OnceLock<ClockOff>,
    found: CancellationToken,
}

impl ClockWatch {
    /// Compares the clocks until `stop` is canceled or they differ by too much.
    pub async fn run(&self, pool: &Pool, ambient: &Ambient, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match compare(pool, ambient).await {
                Ok(Ok(())) => {}
                Ok(Err(off)) => {
                    tracing::error!("{off}; this process stops");
                    let _ = self.off.set(off);
                    return self.found.cancel();
                }
                // Others say so, too; without Postgres nothing is done by any clock.
                Err(error) => tracing::debug!(%error, "Postgres cannot be asked for the time"),
            }
            stop.run_until_cancelled(tokio::time::sleep(PERIOD)).await;
        }
    }

    /// What is wrong with the clock, if it is.
    pub fn off(&self) -> Option<ClockOff> {
        self.off.get().copied()
    }

    /// Waits until the clock is off.
    pub async fn found(&self) {
        self.found.cancelled().await;
    }
}
