//! SQL of the clocks: all that has to move when one does. It is done under the lock of the books.

use super::Clock;
use crate::base::{db::Pool, ids::MerchantId, ids::first_id};
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

/// The longest life of a payment intent or link, and what the clocks of two processes may differ by:
/// what was made before then has ended.
const LIVES: Duration = Duration::days(91);

/// A merchant's clock.
pub async fn get(pool: &Pool, merchant: MerchantId) -> Result<Option<Clock>, sqlx::Error> {
    let ahead = sqlx::query_scalar!(
        "-- clocks.get
        SELECT clock_offset FROM books WHERE merchant_id = $1",
        merchant.0
    );
    let ahead = ahead.fetch_optional(pool).await?;
    Ok(ahead.map(|ahead| Clock::stored(merchant, ahead)))
}

/// Stores a clock that was moved on, and brings forward by as much what waits for its time.
pub async fn advance(
    db: &mut PgConnection,
    clock: Clock,
    outside: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let set = sqlx::query!(
        "-- clocks.set
        UPDATE books SET clock_offset = $2 WHERE merchant_id = $1",
        clock.merchant.0,
        clock.ahead.whole_seconds()
    );
    set.execute(&mut *db).await?;
    due(&mut *db, clock).await?;
    ends(&mut *db, clock, outside).await?;
    deliveries(&mut *db, clock).await?;
    endpoints(&mut *db, clock).await?;
    waiting(db, clock, outside).await
}

/// What is due of the merchant's business. What was taken may so be taken twice, which does no harm:
/// each ends in a command that changes nothing the second time. What workers do with deliveries is
/// theirs, and is due by everybody's time alone.
async fn due(db: &mut PgConnection, clock: Clock) -> Result<(), sqlx::Error> {
    let update = sqlx::query!(
        "-- clocks.due
        UPDATE due SET at = at - $2::bigint * interval '1 second'
        WHERE kind IN ('attempt', 'intent_expiry', 'link_expiry', 'scenario') AND merchant_id = $1",
        clock.merchant.0,
        clock.moved.whole_seconds()
    );
    update.execute(db).await.map(drop)
}

/// Makes due the ends of intents and links from before the clock was moved first: until then the
/// expirer found them by their own times. Later ones are due from the start.
async fn ends(
    db: &mut PgConnection,
    clock: Clock,
    outside: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let before = clock.now(outside) - clock.moved;
    let oldest = first_id(before - LIVES);
    let ahead = clock.ahead.whole_seconds();
    let intents = sqlx::query!(
        "-- clocks.intents_end
        INSERT INTO due (kind, merchant_id, subject, at)
        SELECT 'intent_expiry', merchant_id, id, expires_at - $3::bigint * interval '1 second'
        FROM payment_intents
        WHERE merchant_id = $1 AND id >= $2
            AND status IN ('requires_payment', 'processing', 'requires_action')
        ON CONFLICT DO NOTHING",
        clock.merchant.0,
        oldest,
        ahead
    );
    intents.execute(&mut *db).await?;
    let links = sqlx::query!(
        "-- clocks.links_end
        INSERT INTO due (kind, merchant_id, subject, at)
        SELECT 'link_expiry', merchant_id, id, expires_at - $3::bigint * interval '1 second'
        FROM (
            -- Apart, or the index of all merchants' ends would be read.
            SELECT l.merchant_id, l.id, l.status, l.expires_at FROM payment_links l
            WHERE l.merchant_id = $1 AND l.id >= $2 OFFSET 0
        ) l
        WHERE status = 'active' AND expires_at IS NOT NULL
        ON CONFLICT DO NOTHING",
        clock.merchant.0,
        oldest,
        ahead
    );
    links.execute(db).await.map(drop)
}

/// Deliveries that failed and wait to be tried again, or wait for such a one. One that is under way
/// is its dispatcher's: should it fail, it failed after the clock was moved.
async fn deliveries(db: &mut PgConnection, clock: Clock) -> Result<(), sqlx::Error> {
    let update = sqlx::query!(
        "-- clocks.deliveries
        WITH waiting AS MATERIALIZED (
            SELECT d.row FROM callback_endpoints e CROSS JOIN LATERAL (
                SELECT x.ctid AS row FROM deliveries x
                WHERE x.endpoint_id = e.id AND x.status = 'pending' AND x.lease_id IS NULL
                ORDER BY x.due_at FOR UPDATE
            ) d
            WHERE e.merchant_id = $1
        )
        UPDATE deliveries u SET due_at = u.due_at - $2::bigint * interval '1 second',
            failing_since = u.failing_since - $2::bigint * interval '1 second'
        FROM waiting w WHERE u.ctid = w.row",
        clock.merchant.0,
        clock.moved.whole_seconds()
    );
    update.execute(db).await.map(drop)
}

/// Pauses of endpoints, since when they fail, and how long old secrets go on signing.
async fn endpoints(db: &mut PgConnection, clock: Clock) -> Result<(), sqlx::Error> {
    let moved = clock.moved.whole_seconds();
    let health = sqlx::query!(
        "-- clocks.health
        UPDATE endpoint_health SET
            paused_until = paused_until - $2::bigint * interval '1 second',
            failing_since = failing_since - $2::bigint * interval '1 second'
        WHERE merchant_id = $1",
        clock.merchant.0,
        moved
    );
    health.execute(&mut *db).await?;
    let secrets = sqlx::query!(
        "-- clocks.secrets
        UPDATE endpoint_secrets SET expires_at = expires_at - $2::bigint * interval '1 second'
        WHERE merchant_id = $1 AND expires_at IS NOT NULL",
        clock.merchant.0,
        moved
    );
    secrets.execute(db).await.map(drop)
}

/// Says which endpoints have something to be sent now, so that no sweep has to find out.
async fn waiting(
    db: &mut PgConnection,
    clock: Clock,
    outside: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let insert = sqlx::query!(
        "-- clocks.waiting
        INSERT INTO waiting_endpoints (merchant_id, endpoint_id, at)
        SELECT e.merchant_id, e.id, $2 FROM callback_endpoints e CROSS JOIN LATERAL (
            SELECT x.due_at FROM deliveries x
            WHERE x.endpoint_id = e.id AND x.status = 'pending' ORDER BY x.due_at LIMIT 1
        ) d
        WHERE e.merchant_id = $1 AND e.status = 'enabled' AND e.deleted_at IS NULL
            AND d.due_at <= $2
        ORDER BY e.id
        ON CONFLICT (merchant_id, endpoint_id) DO UPDATE
            SET at = least(waiting_endpoints.at, excluded.at)",
        clock.merchant.0,
        outside
    );
    insert.execute(db).await.map(drop)
}
