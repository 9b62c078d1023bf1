//! How a command that is alone is waited for.

use std::{
    pin::pin,
    thread,
    time::{Duration, Instant},
};

/// How long: a lonely command is done by then, unless the disk is slow.
const WATCH_MAX: Duration = Duration::from_millis(2);

/// Runs `work`, and keeps its thread awake meanwhile instead of letting it sleep for each answer of
/// Postgres: to be woken takes a thread as long as many an answer does. Whoever else wants the
/// processor gets it.
pub(super) async fn watched<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let begun = Instant::now();
    let keep_awake = async {
        while begun.elapsed() < WATCH_MAX {
            thread::yield_now();
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        done = &mut work => done,
        () = keep_awake => work.await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    #[tokio::test]
    async fn what_is_watched_ends_before_the_watch_or_after_it() {
        assert_eq!(watched(async { 1 }).await, 1);
        let slow = async {
            sleep(2 * WATCH_MAX).await;
            2
        };
        assert_eq!(watched(slow).await, 2);
    }
}
