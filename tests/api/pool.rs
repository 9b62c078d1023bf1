//! Whoever goes away in the middle of something leaves the pool as it was.

use crate::harness::{eventually, run_on_database};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::timeout;

/// A client that hangs up while its export begins, say.
#[test]
fn a_transaction_that_nobody_waits_for_is_not_left_open() {
    run_on_database(async |pool| {
        // Somewhere among these `BEGIN` is on its way.
        for patience in 0..300 {
            let patience = Duration::from_micros(10 * patience);
            timeout(patience, pool.begin()).await.ok();
        }
        let closed = async || {
            let open: i64 = sqlx::query_scalar(
                "-- tests.open_transactions
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND state = 'idle in transaction'",
            )
            .fetch_one(pool)
            .await
            .unwrap();
            (open == 0).then_some(())
        };
        eventually("the end of all transactions", closed).await;
        // In a transaction time stands still.
        let mut connections = Vec::new();
        for _ in 0..pool.options().get_max_connections() {
            let mut connection = pool.acquire().await.unwrap();
            let mut now = async || {
                let now = sqlx::query_scalar("-- tests.now\nSELECT now()");
                let now: OffsetDateTime = now.fetch_one(&mut *connection).await.unwrap();
                now
            };
            assert_ne!(now().await, now().await, "a connection is in a transaction");
            connections.push(connection);
        }
    });
}
