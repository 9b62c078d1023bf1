//! SQL of what is due.

use super::{FIRST_PAUSE, Kind, LONGEST_PAUSE, STUCK, Taken};
use crate::base::ids::MerchantId;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

/// A thing, and when it is to be done.
pub type Row = (MerchantId, Uuid, OffsetDateTime);

/// Makes things due, or moves those that are: never into the pause of one that was taken.
pub async fn set(db: &mut PgConnection, kind: Kind, rows: &[Row]) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = rows.iter().map(|row| row.0.0).collect();
    let subjects: Vec<Uuid> = rows.iter().map(|row| row.1).collect();
    let times: Vec<OffsetDateTime> = rows.iter().map(|row| row.2).collect();
    let upsert = sqlx::query!(
        "-- due.set
        INSERT INTO due (kind, merchant_id, subject, at)
        SELECT $1, UNNEST($2::uuid[]), UNNEST($3::uuid[]), UNNEST($4::timestamptz[])
        ON CONFLICT (kind, merchant_id, subject)
            DO UPDATE SET at = CASE WHEN due.tries = 0 THEN excluded.at
                ELSE greatest(due.at, excluded.at) END",
        kind.as_str(),
        &merchants,
        &subjects,
        &times
    );
    upsert.execute(db).await.map(drop)
}

/// Takes away what is done.
pub async fn done(
    db: &mut PgConnection,
    kind: Kind,
    things: &[(MerchantId, Uuid)],
) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = things.iter().map(|thing| thing.0.0).collect();
    let subjects: Vec<Uuid> = things.iter().map(|thing| thing.1).collect();
    let delete = sqlx::query!(
        "-- due.done
        DELETE FROM due d
        USING (SELECT UNNEST($2::uuid[]) AS merchant_id, UNNEST($3::uuid[]) AS subject) u
        WHERE d.kind = $1 AND d.merchant_id = u.merchant_id AND d.subject = u.subject",
        kind.as_str(),
        &merchants,
        &subjects
    );
    delete.execute(db).await.map(drop)
}

/// The first merchants after `after` who have anything of the kind, in the order of their ids, and
/// whether it is time for some of it: at most `limit` of them, one hop in the index each.
pub async fn merchants(
    pool: &PgPool,
    kind: Kind,
    (after, limit): (Uuid, i64),
    now: OffsetDateTime,
) -> Result<Vec<(MerchantId, bool)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"-- due.merchants
        WITH RECURSIVE merchant AS (
            (SELECT d.merchant_id, d.at FROM due d WHERE d.kind = $1 AND d.merchant_id > $2
            ORDER BY d.merchant_id, d.at LIMIT 1)
            UNION ALL
            SELECT n.merchant_id, n.at FROM merchant m CROSS JOIN LATERAL (
                SELECT d.merchant_id, d.at FROM due d
                WHERE d.kind = $1 AND d.merchant_id > m.merchant_id
                ORDER BY d.merchant_id, d.at LIMIT 1
            ) n
        )
        SELECT merchant_id AS "merchant_id!", at <= $4 AS "is_time!" FROM merchant LIMIT $3"#,
        kind.as_str(),
        after,
        limit,
        now
    );
    let rows = rows.fetch_all(pool).await?;
    let merchant = rows
        .into_iter()
        .map(|row| (MerchantId(row.merchant_id), row.is_time));
    Ok(merchant.collect())
}

/// Takes what is due of each of these merchants, the oldest first, at most `share` of each, and
/// moves it on. What another process takes at the same moment is passed by.
pub async fn take(
    pool: &PgPool,
    kind: Kind,
    (merchants, share): (&[MerchantId], i64),
    now: OffsetDateTime,
) -> Result<Vec<Taken>, sqlx::Error> {
    let merchants: Vec<Uuid> = merchants.iter().map(|merchant| merchant.0).collect();
    let seconds = |pause: std::time::Duration| i32::try_from(pause.as_secs()).unwrap_or(i32::MAX);
    let rows = sqlx::query!(
        "-- due.take
        WITH chosen AS (
            SELECT c.merchant_id, c.subject FROM UNNEST($2::uuid[]) AS m (merchant_id)
            CROSS JOIN LATERAL (
                SELECT d.merchant_id, d.subject FROM due d
                WHERE d.kind = $1 AND d.merchant_id = m.merchant_id AND d.at <= $4
                ORDER BY d.at LIMIT $3 FOR UPDATE SKIP LOCKED
            ) c
        )
        UPDATE due d SET tries = d.tries + 1,
            at = $4 + make_interval(secs =>
                least($6::integer, $5::integer << least(d.tries, 20)))
        FROM chosen c
        WHERE d.kind = $1 AND d.merchant_id = c.merchant_id AND d.subject = c.subject
        RETURNING d.merchant_id, d.subject, d.tries",
        kind.as_str(),
        &merchants,
        share,
        now,
        seconds(FIRST_PAUSE),
        seconds(LONGEST_PAUSE)
    );
    let rows = rows.fetch_all(pool).await?;
    let taken = rows.into_iter().map(|row| Taken {
        merchant: MerchantId(row.merchant_id),
        subject: row.subject,
        tries: row.tries,
    });
    Ok(taken.collect())
}

/// How many things of the kind were taken so often that somebody should look at them.
pub async fn stuck(pool: &PgPool, kind: Kind) -> Result<i64, sqlx::Error> {
    let count = sqlx::query_scalar!(
        r#"-- due.stuck
        SELECT count(*) AS "count!" FROM due WHERE kind = $1 AND tries >= 5 AND tries >= $2"#,
        kind.as_str(),
        STUCK
    );
    count.fetch_one(pool).await
}

/// Makes attempts due that a process of the version before has left waiting: it knows no such rows.
pub async fn adopt_attempts(pool: &PgPool, now: OffsetDateTime) -> Result<(), sqlx::Error> {
    let insert = sqlx::query!(
        "-- due.adopt_attempts
        INSERT INTO due (kind, merchant_id, subject, at)
        SELECT 'attempt', a.merchant_id, a.id, a.ask_at FROM attempts a
        WHERE a.ask_at <= $1 AND NOT EXISTS (
            SELECT FROM due d
            WHERE d.kind = 'attempt' AND d.merchant_id = a.merchant_id AND d.subject = a.id)
        ORDER BY a.ask_at LIMIT 1000
        ON CONFLICT DO NOTHING",
        now
    );
    insert.execute(pool).await.map(drop)
}
