//! Background work: each worker ticks when it is woken, when its period has passed, or when
//! something it waits for is ready, and stops softly.

mod calls;
mod deliver;
mod expire;
mod forget;
mod listen;
mod note_uses;
mod observe;
mod play;
mod probe;
mod queue;
mod reconcile;
mod replay;
mod resolve;
mod settle;

pub use deliver::{Dispatcher, DispatcherParts, DispatcherStats, Limits, Reveal};
pub use expire::Expirer;
pub use forget::Forgetter;
pub use listen::Listener;
pub use note_uses::UseRecorder;
pub use observe::Observer;
pub use play::Player;
pub use probe::Prober;
pub use reconcile::Reconciler;
pub use replay::Replayer;
pub use resolve::{Resolver, TickError};
pub use settle::Settler;

use crate::{
    app::{App, Beat},
    base::{actor::Actor, ambient::Ambient, ids::MerchantId},
    domain::rails::RailFact,
    writer::{Command, MovementCommand, Rejection, Submission, WriteError},
};
use std::{fmt::Display, future::Future, time::Duration};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What a tick leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// All that could be done is done.
    Idle,
    /// There is more to do right away.
    More,
}

/// A piece of background work.
pub trait Worker: Send {
    /// Its name in the log.
    const NAME: &'static str;
    /// How long it rests when nothing wakes it.
    const PERIOD: Duration;
    /// Why a tick may fail.
    type Error: Display + Send;

    /// Does what is to be done now. Tests call it by hand.
    fn tick(&mut self) -> impl Future<Output = Result<Progress, Self::Error>> + Send;

    /// Ends when something it waits for makes a tick worth while. It may be dropped at any time
    /// and must not lose anything then.
    fn ready(&mut self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }

    /// Brings what is under way to an end, in a few seconds.
    fn stop(&mut self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

const LONGEST_BACK_OFF: Duration = Duration::from_secs(30);

/// Runs a worker until `stop` is canceled. A caller who has work for it notifies `wake`. After a
/// failed tick it waits, longer each time up to half a minute, and tries again. Each tick is a
/// `beat`, whatever becomes of it.
pub async fn run<W: Worker>(
    mut worker: W,
    wake: &Notify,
    ambient: &Ambient,
    stop: CancellationToken,
    beat: Beat,
) {
    let mut failures = 0;
    while !stop.is_cancelled() {
        let tick = worker.tick().await;
        beat.beat();
        match tick {
            Ok(Progress::More) => failures = 0,
            Ok(Progress::Idle) => {
                failures = 0;
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = worker.ready() => {}
                    () = wake.notified() => {}
                    () = tokio::time::sleep(ambient.jitter(W::PERIOD)) => {}
                }
            }
            Err(error) => {
                let pause = ambient.jitter(back_off(failures));
                failures += 1;
                tracing::warn!(
                    worker = W::NAME,
                    %error,
                    failures,
                    "a worker's tick failed; it tries again in {} ms",
                    pause.as_millis()
                );
                stop.run_until_cancelled(tokio::time::sleep(pause)).await;
            }
        }
    }
    worker.stop().await;
    beat.end();
}

/// Submits a worker's command. That it comes too late to do anything is no fault; that a row cannot
/// be read is.
async fn submit<W: Worker>(
    app: &App,
    merchant: MerchantId,
    command: Command,
) -> Result<(), WriteError> {
    match app.writer.submit(submission::<W>(merchant, command)).await {
        Err(error @ WriteError::Rejected(Rejection::Internal(_))) => Err(error),
        Ok(_) | Err(WriteError::Rejected(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Submits what a rail tells. That a payer's bank declined is news, and no fault.
async fn learn<W: Worker>(
    app: &App,
    merchant: MerchantId,
    fact: RailFact,
) -> Result<(), WriteError> {
    let learn = MovementCommand::Learn(Box::new(fact));
    match app.writer.submit(submission::<W>(merchant, learn)).await {
        Ok(_) | Err(WriteError::Rejected(Rejection::Intent(_))) => Ok(()),
        Err(error) => Err(error),
    }
}

fn submission<W: Worker>(merchant: MerchantId, command: impl Into<Command>) -> Submission {
    Submission {
        merchant,
        actor: Actor::Worker(W::NAME),
        command: command.into(),
        claim: None,
        request_id: String::new(),
        bytes: 0,
    }
}

/// 0.25 s after the first failure, then twice as long each time.
fn back_off(failures: u32) -> Duration {
    let pause = Duration::from_millis(250).saturating_mul(2_u32.saturating_pow(failures));
    pause.min(LONGEST_BACK_OFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Pulse;
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    /// Fails twice, then has one thing more to do, then is idle.
    struct Counter(Arc<AtomicUsize>);

    impl Worker for Counter {
        const NAME: &'static str = "counter";
        const PERIOD: Duration = Duration::from_hours(1);
        type Error = &'static str;

        async fn tick(&mut self) -> Result<Progress, Self::Error> {
            match self.0.fetch_add(1, Ordering::Relaxed) {
                0 | 1 => Err("the database is away"),
                2 => Ok(Progress::More),
                _ => Ok(Progress::Idle),
            }
        }

        async fn stop(&mut self) {
            self.0.fetch_add(100, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn ticks_on_after_failures_and_when_woken_and_stops() {
        let count = Arc::new(AtomicUsize::new(0));
        let (wake, stop) = (Arc::new(Notify::new()), CancellationToken::new());
        let task = tokio::spawn({
            let (count, wake, stop) = (Arc::clone(&count), Arc::clone(&wake), stop.clone());
            let beat = Arc::new(Pulse::default()).enter("counter", Counter::PERIOD);
            async move { run(Counter(count), &wake, &Ambient::system(), stop, beat).await }
        });
        let reaches = async |n| {
            while count.load(Ordering::Relaxed) < n {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        reaches(4).await;
        wake.notify_one();
        reaches(5).await;
        stop.cancel();
        task.await.unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 105);
    }

    #[test]
    fn backs_off_up_to_half_a_minute() {
        let pauses = [0, 1, 2, 6, 7, 99].map(|failures| back_off(failures).as_millis());
        assert_eq!(pauses, [250, 500, 1000, 16_000, 30_000, 30_000]);
    }
}
