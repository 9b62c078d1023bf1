//! SQL of what is due.

use super::{FIRST_PAUSE, Kind, LONGEST_PAUSE, STUCK, Taken};
use crate::base::db::Pool;
use crate::base::ids::MerchantId;
use sqlx::PgExecutor;
use std::collections::HashSet;
use time::OffsetDateTime;
use uuid::Uuid;

/// A thing, and when it is to be done.
pub type Row = (MerchantId, Uuid, OffsetDateTime);

/// Makes things due, or moves those that are: never into the pause of one that was taken.
pub async fn set(db: impl PgExecutor<'_>, kind: Kind, rows: &[Row]) -> Result<(), sqlx::Error> {
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
    db: impl PgExecutor<'_>,
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

/// Brings things that came forward back at once: what they were taken for succeeded.
pub async fn again(
    db: impl PgExecutor<'_>,
    kind: Kind,
    (merchant, subject): (MerchantId, Uuid),
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let update = sqlx::query!(
        "-- due.again
        UPDATE due SET at = $4, tries = 0
        WHERE kind = $1 AND merchant_id = $2 AND subject = $3",
        kind.as_str(),
        merchant.0,
        subject,
        now
    );
    update.execute(db).await.map(drop)
}

/// Goes round the merchants who have something due of one kind, a page of them at a time.
#[derive(Debug)]
pub struct Round {
    kind: Kind,
    /// Most merchants that are looked at at once.
    page: i64,
    /// The last merchant that was looked at.
    after: Uuid,
}

impl Round {
    /// A round that begins with the first merchant, and looks at so many at once.
    pub fn new(kind: Kind, page: i64) -> Self {
        let after = Uuid::nil();
        Self { kind, page, after }
    }

    /// Of what it takes.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Takes what is due of the next merchants, at most `share` of each, and nothing of those who are
    /// `busy`. Also says whether to look on at once: since what was taken has moved on, that ends.
    pub async fn take(
        &mut self,
        pool: &Pool,
        (share, busy): (i64, &HashSet<MerchantId>),
        now: OffsetDateTime,
    ) -> Result<(Vec<Taken>, bool), sqlx::Error> {
        let page = merchants(pool, self.kind, (self.after, self.page), now).await?;
        let is_full = i64::try_from(page.len()).is_ok_and(|count| count == self.page);
        let last = page.last().filter(|_| is_full);
        self.after = last.map_or_else(Uuid::nil, |(merchant, _)| merchant.0);
        let is_next =
            |(merchant, is_time): &(MerchantId, bool)| *is_time && !busy.contains(merchant);
        let is_time = page.into_iter().filter(is_next);
        let merchants: Vec<_> = is_time.map(|(merchant, _)| merchant).collect();
        if merchants.is_empty() {
            return Ok((Vec::new(), is_full));
        }
        let taken = take(pool, self.kind, (&merchants, share), now).await?;
        let has_more = is_full || !taken.is_empty();
        Ok((taken, has_more))
    }
}

/// The first merchants after `after` who have anything of the kind, in the order of their ids, and
/// whether it is time for some of it: at most `limit` of them, one hop in the index each.
async fn merchants(
    pool: &Pool,
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
async fn take(
    pool: &Pool,
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
pub async fn stuck(pool: &Pool, kind: Kind) -> Result<i64, sqlx::Error> {
    let count = sqlx::query_scalar!(
        r#"-- due.stuck
        SELECT count(*) AS "count!" FROM due WHERE kind = $1 AND tries >= 5 AND tries >= $2"#,
        kind.as_str(),
        STUCK
    );
    count.fetch_one(pool).await
}

/// Makes due what a process of the version before has left, which knows no such rows, and what fell
/// between two of them.
pub async fn adopt(pool: &Pool, kind: Kind, now: OffsetDateTime) -> Result<(), sqlx::Error> {
    match kind {
        Kind::Attempt => adopt_attempts(pool, now).await,
        Kind::Replay => adopt_replays(pool).await,
        Kind::Hold => adopt_holds(pool, now).await,
        // The expirer looks for what has ended by itself.
        // The version before kept no statements, nothing that providers told, and no account as failing,
        // and played nothing.
        Kind::IntentExpiry
        | Kind::LinkExpiry
        | Kind::Statement
        | Kind::RailEvent
        | Kind::Scenario
        | Kind::RailAccount => Ok(()),
    }
}

async fn adopt_attempts(pool: &Pool, now: OffsetDateTime) -> Result<(), sqlx::Error> {
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

async fn adopt_replays(pool: &Pool) -> Result<(), sqlx::Error> {
    let insert = sqlx::query!(
        "-- due.adopt_replays
        INSERT INTO due (kind, merchant_id, subject, at)
        SELECT 'replay', r.merchant_id, r.id, r.updated_at FROM replays r
        WHERE r.status = 'running' AND NOT EXISTS (
            SELECT FROM due d
            WHERE d.kind = 'replay' AND d.merchant_id = r.merchant_id AND d.subject = r.id)
        ORDER BY r.created_at LIMIT 1000
        ON CONFLICT DO NOTHING"
    );
    insert.execute(pool).await.map(drop)
}

async fn adopt_holds(pool: &Pool, now: OffsetDateTime) -> Result<(), sqlx::Error> {
    let insert = sqlx::query!(
        "-- due.adopt_holds
        WITH RECURSIVE owed (merchant_id, endpoint_id, wrong) AS (
            (SELECT merchant_id, endpoint_id, 'disabled' FROM deliveries
            WHERE status = 'pending' ORDER BY endpoint_id LIMIT 1)
            UNION ALL
            SELECT n.merchant_id, n.endpoint_id, o.wrong FROM owed o CROSS JOIN LATERAL (
                SELECT d.merchant_id, d.endpoint_id FROM deliveries d
                WHERE d.status = 'pending' AND d.endpoint_id > o.endpoint_id
                ORDER BY d.endpoint_id LIMIT 1
            ) n
        ), held (merchant_id, endpoint_id, wrong) AS (
            (SELECT merchant_id, endpoint_id, 'enabled' FROM deliveries
            WHERE status = 'held' ORDER BY endpoint_id LIMIT 1)
            UNION ALL
            SELECT n.merchant_id, n.endpoint_id, h.wrong FROM held h CROSS JOIN LATERAL (
                SELECT d.merchant_id, d.endpoint_id FROM deliveries d
                WHERE d.status = 'held' AND d.endpoint_id > h.endpoint_id
                ORDER BY d.endpoint_id LIMIT 1
            ) n
        )
        INSERT INTO due (kind, merchant_id, subject, at)
        SELECT 'hold', e.merchant_id, e.id, $1::timestamptz
        FROM (
            SELECT merchant_id, endpoint_id, wrong FROM owed
            UNION ALL SELECT merchant_id, endpoint_id, wrong FROM held
        ) o CROSS JOIN LATERAL (
            SELECT c.merchant_id, c.id FROM callback_endpoints c
            WHERE c.merchant_id = o.merchant_id AND c.id = o.endpoint_id
                AND (c.status = o.wrong OR c.deleted_at IS NOT NULL) LIMIT 1
        ) e
        ON CONFLICT DO NOTHING",
        now
    );
    insert.execute(pool).await.map(drop)
}
