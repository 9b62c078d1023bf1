//! When to ask: as soon as the last answer is there (closed loop), or at a fixed rate whether or
//! not answers come (open loop). In an open loop time runs from the moment when a request was
//! due: one that had to wait for a slow answer before it was late, not unasked.

use std::{
    io,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tokio::sync::{Mutex, mpsc};

/// Moments at a fixed rate, each with its number; clones share them.
#[derive(Clone, Debug)]
pub(super) struct Ticks(Arc<Mutex<mpsc::UnboundedReceiver<(u64, Instant)>>>);

impl Ticks {
    /// The next one, once it has come; none after the last.
    pub async fn next(&self) -> Option<(u64, Instant)> {
        self.0.lock().await.recv().await
    }
}

/// Ticks that are closer together come together, late rather than early, each with its own moment:
/// a thread that woke for every one would take its processor from what is measured.
const REST_MIN: Duration = Duration::from_millis(1);

/// Ticks on a thread of its own, so that they come however busy those are who take them.
pub(super) fn metronome(per_second: u32, count: u32) -> io::Result<Ticks> {
    let (send, receive) = mpsc::unbounded_channel();
    // The first tick waits until the connections stand.
    let start = Instant::now() + Duration::from_millis(100);
    let work = move || {
        let mut now = Instant::now();
        for number in 0..count {
            let at = start + after(number, per_second);
            if at > now {
                thread::sleep(REST_MIN.max(at - now));
                now = Instant::now();
            }
            if send.send((number.into(), at)).is_err() {
                return;
            }
        }
    };
    let thread = thread::Builder::new().name("metronome".to_owned());
    thread.spawn(work)?;
    Ok(Ticks(Arc::new(Mutex::new(receive))))
}

/// When tick `number` comes after the first; without the error that a rounded period adds up to.
fn after(number: u32, per_second: u32) -> Duration {
    let nanos = u64::from(number) * 1_000_000_000;
    Duration::from_nanos(nanos.checked_div(per_second.into()).unwrap_or(0))
}

/// What a connection asks by.
#[derive(Clone, Debug)]
pub(super) enum Pace {
    /// One request at a time, until this moment.
    Closed(Instant),
    /// Whenever one is due.
    Open(Ticks),
}

impl Pace {
    /// A fixed rate for `time`.
    pub fn open(per_second: u32, time: Duration) -> io::Result<Self> {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let count = u64::from(per_second).saturating_mul(millis) / 1000;
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Ok(Self::Open(metronome(per_second, count)?))
    }

    /// Waits until the next request is due, and says when that was; none when there is no more.
    pub async fn due(&self) -> Option<Instant> {
        match self {
            Self::Closed(end) => Some(Instant::now()).filter(|now| now < end),
            Self::Open(ticks) => ticks.next().await.map(|(_, at)| at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_metronome_does_not_wait_for_who_listens() {
        let ticks = metronome(100, 3).unwrap();
        let first = ticks.next().await.unwrap();
        assert!(Instant::now() >= first.1);
        let rest = [ticks.next().await.unwrap(), ticks.next().await.unwrap()];
        let period = Duration::from_millis(10);
        assert_eq!(rest, [(1, first.1 + period), (2, first.1 + period * 2)]);
        assert!(ticks.next().await.is_none());
    }

    #[tokio::test]
    async fn who_is_late_finds_that_the_request_was_due_before() {
        let pace = Pace::open(1000, Duration::from_millis(20)).unwrap();
        let first = pace.due().await.unwrap();
        // All that was due while a slow answer was waited for.
        let mut last = first;
        let mut late = 0;
        while let Some(due) = pace.due().await {
            assert_eq!(due, last + Duration::from_millis(1));
            (last, late) = (due, late + 1);
        }
        assert_eq!(late, 19);
    }

    #[test]
    fn rates_that_do_not_divide_a_second_are_kept() {
        assert_eq!(after(30_000, 30_000), Duration::from_secs(1));
        assert_eq!(after(7, 0), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_closed_loop_ends_with_its_time() {
        let now = Instant::now();
        let left = Pace::Closed(now + Duration::from_mins(1)).due().await;
        assert!(left.is_some_and(|due| due >= now));
        assert!(Pace::Closed(now).due().await.is_none());
    }
}
