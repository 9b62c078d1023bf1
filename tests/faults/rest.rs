//! The end of a run: everything comes to rest by itself, but for what an operator sends by hand.

use super::world::Merchant;
use serde_json::json;
use sqlx::PgConnection;
use std::time::{Duration, Instant};
use threadpay::base::ids::DeliveryId;

/// For how long nothing may come nearer to rest after the last fault: longer than a lease lasts
/// whose owner's clock was ahead, or a receiver is spared that has refused everything.
const STANDSTILL: Duration = Duration::from_mins(2);
const LOOK: Duration = Duration::from_millis(200);

/// What is not at rest, as rows.
const RESTLESS: &str = "SELECT (SELECT count(*) FROM attempts WHERE ask_at IS NOT NULL),
    (SELECT count(*) FROM deliveries WHERE status <> 'delivered'),
    (SELECT count(*) FROM replays WHERE status = 'running')";

/// Deliveries that failed twice, and would be tried again when this test is long over.
const FAR_AWAY: &str = "SELECT merchant_id, id FROM deliveries WHERE status = 'pending'
    AND lease_id IS NULL AND due_at > now() + interval '40 seconds' LIMIT 20";

/// Waits until every attempt is resolved and every callback delivered. Gives how many deliveries
/// were sent by hand.
pub async fn rest(db: &mut PgConnection, merchants: &[Merchant]) -> usize {
    let (mut fewest, mut since, mut by_hand) = (i64::MAX, Instant::now(), 0);
    loop {
        let (asks, owed, replays): (i64, i64, i64) =
            sqlx::query_as(RESTLESS).fetch_one(&mut *db).await.unwrap();
        let left = asks + owed + replays;
        if left == 0 {
            return by_hand;
        }
        if left < fewest {
            (fewest, since) = (left, Instant::now());
        }
        let is_stuck = since.elapsed() > STANDSTILL;
        let why = if is_stuck {
            describe(db).await
        } else {
            String::new()
        };
        assert!(
            !is_stuck,
            "open attempts, owed deliveries, running replays: {asks}, {owed}, {replays}\n{why}"
        );
        by_hand += send_by_hand(merchants, db).await;
        tokio::time::sleep(LOOK).await;
    }
}

async fn send_by_hand(merchants: &[Merchant], db: &mut PgConnection) -> usize {
    let far: Vec<(uuid::Uuid, uuid::Uuid)> = sqlx::query_as(FAR_AWAY).fetch_all(db).await.unwrap();
    for (merchant, delivery) in &far {
        let merchant = merchants.iter().find(|m| m.id.0 == *merchant);
        let path = format!("/v1/deliveries/{}/retry", DeliveryId(*delivery));
        let retried = merchant.unwrap().services[0].post(&path, &json!({})).await;
        assert!(retried.status < 300, "{}", retried.text());
    }
    far.len()
}

async fn describe(db: &mut PgConnection) -> String {
    let sql = "SELECT coalesce(json_agg(x)::text, '') FROM (
        SELECT d.*, now() AS now, h.paused_until, e.ordering, e.status AS endpoint FROM deliveries d
            JOIN callback_endpoints e ON e.id = d.endpoint_id
            LEFT JOIN endpoint_health h ON h.endpoint_id = d.endpoint_id
        WHERE d.status <> 'delivered' ORDER BY d.event_sequence LIMIT 5) x";
    sqlx::query_scalar(sql).fetch_one(db).await.unwrap()
}
