//! SQL of the callbacks: what the writer loads and records, and what the API reads. The
//! dispatcher's statements stand in [`super::outbox`], those of the feed in [`super::feed`].

use super::{
    Delivery, DeliveryAttempt, DeliveryStatus, Endpoint, EventFilter, NewDelivery, StoredEvent,
};
use crate::{
    db::Window,
    ids::{DeliveryId, EndpointId, EventId, MerchantId},
    names::UnknownName,
};
use sqlx::{PgConnection, PgPool};
use std::str::FromStr;
use time::OffsetDateTime;
use uuid::Uuid;

/// All endpoints of `merchants` that are not deleted, newest first.
pub async fn load_endpoints(
    db: &mut PgConnection,
    merchants: &[Uuid],
) -> Result<Vec<Endpoint>, sqlx::Error> {
    let rows = sqlx::query_as!(
        EndpointRow,
        "-- callbacks.load_endpoints
        SELECT e.merchant_id, e.id, e.url, e.event_types, e.description, e.status,
            e.sealed_secret, e.created_at, e.updated_at, e.deleted_at
        FROM callback_endpoints e
        WHERE e.merchant_id = ANY($1) AND e.deleted_at IS NULL ORDER BY e.id DESC",
        merchants
    );
    let rows = rows.fetch_all(db).await?;
    rows.into_iter().map(EndpointRow::read).collect()
}

struct EndpointRow {
    merchant_id: Uuid,
    id: Uuid,
    url: String,
    event_types: Vec<String>,
    description: Option<String>,
    status: String,
    sealed_secret: Vec<u8>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
    deleted_at: Option<OffsetDateTime>,
}

impl EndpointRow {
    fn read(self) -> Result<Endpoint, sqlx::Error> {
        Ok(Endpoint {
            id: EndpointId(self.id),
            merchant: MerchantId(self.merchant_id),
            url: self.url,
            events: EventFilter::stored(self.event_types),
            description: self.description,
            status: word(&self.status)?,
            sealed_secret: self.sealed_secret,
            created_at: self.created_at,
            updated_at: self.updated_at,
            deleted_at: self.deleted_at,
        })
    }
}

/// The schema's checks name the same words as the types do; a row that says otherwise is a fault.
fn word<T: FromStr<Err = UnknownName>>(text: &str) -> Result<T, sqlx::Error> {
    text.parse()
        .map_err(|e: UnknownName| sqlx::Error::Decode(e.into()))
}

/// Stores endpoints that are new or changed.
#[expect(
    clippy::as_conversions,
    reason = "`query!` has no other way to be told that an array's elements may be null"
)]
pub async fn upsert_endpoints(
    db: &mut PgConnection,
    endpoints: &[Endpoint],
) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = endpoints.iter().map(|e| e.merchant.0).collect();
    let ids: Vec<Uuid> = endpoints.iter().map(|e| e.id.0).collect();
    let urls: Vec<String> = endpoints.iter().map(|e| e.url.clone()).collect();
    // An array of arrays cannot be unnested by row; an event type holds no line break.
    let types: Vec<String> = endpoints
        .iter()
        .map(|e| e.events.patterns().join("\n"))
        .collect();
    let descriptions: Vec<Option<String>> =
        endpoints.iter().map(|e| e.description.clone()).collect();
    let statuses: Vec<String> = endpoints
        .iter()
        .map(|e| e.status.as_str().to_owned())
        .collect();
    let secrets: Vec<Vec<u8>> = endpoints.iter().map(|e| e.sealed_secret.clone()).collect();
    let created_at: Vec<OffsetDateTime> = endpoints.iter().map(|e| e.created_at).collect();
    let updated_at: Vec<OffsetDateTime> = endpoints.iter().map(|e| e.updated_at).collect();
    let deleted_at: Vec<Option<OffsetDateTime>> = endpoints.iter().map(|e| e.deleted_at).collect();
    let upsert = sqlx::query!(
        "-- callbacks.upsert_endpoints
        INSERT INTO callback_endpoints (merchant_id, id, url, event_types, description, status,
            sealed_secret, created_at, updated_at, deleted_at)
        SELECT u.merchant_id, u.id, u.url, string_to_array(u.types, E'\\n'), u.description,
            u.status, u.sealed_secret, u.created_at, u.updated_at, u.deleted_at
        FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
            $7::bytea[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[])
            AS u (merchant_id, id, url, types, description, status, sealed_secret, created_at,
                updated_at, deleted_at)
        ON CONFLICT (merchant_id, id) DO UPDATE SET url = excluded.url,
            event_types = excluded.event_types, description = excluded.description,
            status = excluded.status, sealed_secret = excluded.sealed_secret,
            updated_at = excluded.updated_at, deleted_at = excluded.deleted_at",
        &merchants,
        &ids,
        &urls,
        &types,
        &descriptions as &[Option<String>],
        &statuses,
        &secrets,
        &created_at,
        &updated_at,
        &deleted_at as &[Option<OffsetDateTime>],
    );
    upsert.execute(db).await.map(drop)
}

/// Records events and the deliveries that are owed for them, due at once: one statement, since
/// the two come together and a batch pays for each round trip.
#[expect(
    clippy::as_conversions,
    reason = "`query!` has no other way to be told that an array's elements may be null"
)]
pub async fn insert_events(
    db: &mut PgConnection,
    events: &[StoredEvent],
    deliveries: &[NewDelivery],
) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = events.iter().map(|e| e.merchant.0).collect();
    let sequences: Vec<i64> = events.iter().map(|e| e.sequence).collect();
    let ids: Vec<Uuid> = events.iter().map(|e| e.id.0).collect();
    let types: Vec<String> = events
        .iter()
        .map(|e| e.event_type.as_str().to_owned())
        .collect();
    let intents: Vec<Option<Uuid>> = events.iter().map(|e| e.intent_id).collect();
    let intent_sequences: Vec<Option<i32>> = events.iter().map(|e| e.intent_sequence).collect();
    let conversations: Vec<Option<&str>> =
        events.iter().map(|e| e.conversation.as_deref()).collect();
    let payloads: Vec<&[u8]> = events.iter().map(|e| e.payload.as_slice()).collect();
    let created_at: Vec<OffsetDateTime> = events.iter().map(|e| e.created_at).collect();
    let owed_by: Vec<Uuid> = deliveries.iter().map(|d| d.merchant.0).collect();
    let delivery_ids: Vec<Uuid> = deliveries.iter().map(|d| d.id.0).collect();
    let endpoints: Vec<Uuid> = deliveries.iter().map(|d| d.endpoint.0).collect();
    let owed: Vec<i64> = deliveries.iter().map(|d| d.event_sequence).collect();
    let due_at: Vec<OffsetDateTime> = deliveries.iter().map(|d| d.created_at).collect();
    let insert = sqlx::query!(
        "-- callbacks.insert_events
        WITH told AS (
            INSERT INTO events (merchant_id, sequence, id, type, intent_id, intent_sequence,
                conversation, payload, created_at)
            SELECT * FROM UNNEST($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::uuid[],
                $6::integer[], $7::text[], $8::bytea[], $9::timestamptz[]))
        INSERT INTO deliveries (merchant_id, id, endpoint_id, event_sequence, status, due_at,
            created_at, updated_at)
        SELECT u.merchant_id, u.id, u.endpoint_id, u.event_sequence, 'pending', u.created_at,
            u.created_at, u.created_at
        FROM UNNEST($10::uuid[], $11::uuid[], $12::uuid[], $13::bigint[], $14::timestamptz[])
            AS u (merchant_id, id, endpoint_id, event_sequence, created_at)",
        &merchants,
        &sequences,
        &ids,
        &types,
        &intents as &[Option<Uuid>],
        &intent_sequences as &[Option<i32>],
        &conversations as &[Option<&str>],
        &payloads as &[&[u8]],
        &created_at,
        &owed_by,
        &delivery_ids,
        &endpoints,
        &owed,
        &due_at,
    );
    insert.execute(db).await.map(drop)
}

/// All of a merchant's endpoints that are not deleted, newest first.
pub async fn endpoints(pool: &PgPool, merchant: MerchantId) -> Result<Vec<Endpoint>, sqlx::Error> {
    load_endpoints(&mut *pool.acquire().await?, &[merchant.0]).await
}

/// One endpoint of a merchant, unless it is deleted or another's.
pub async fn endpoint(
    pool: &PgPool,
    merchant: MerchantId,
    id: EndpointId,
) -> Result<Option<Endpoint>, sqlx::Error> {
    let all = endpoints(pool, merchant).await?;
    Ok(all.into_iter().find(|endpoint| endpoint.id == id))
}

/// Which deliveries of an endpoint are asked for, newest first.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryQuery {
    /// Whose.
    pub merchant: MerchantId,
    /// Of which endpoint.
    pub endpoint: EndpointId,
    /// Only those that stand so.
    pub status: Option<DeliveryStatus>,
    /// The page that is asked for.
    pub window: Window,
}

/// Deliveries of one endpoint with the last try of each, newest first, and whether there are
/// more.
pub async fn deliveries(
    pool: &PgPool,
    query: DeliveryQuery,
) -> Result<(Vec<Delivery>, bool), sqlx::Error> {
    let rows = sqlx::query!(
        r#"-- callbacks.deliveries
        WITH page AS (
            (SELECT id FROM deliveries
            WHERE $5::uuid IS NULL AND merchant_id = $1 AND endpoint_id = $2
                AND ($3::text IS NULL OR status = $3)
                AND id < coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
            ORDER BY id DESC LIMIT $6)
            UNION ALL
            (SELECT id FROM deliveries
            WHERE $5::uuid IS NOT NULL AND merchant_id = $1 AND endpoint_id = $2
                AND ($3::text IS NULL OR status = $3) AND id > $5
            ORDER BY id LIMIT $6)
        )
        SELECT d.id AS "id!", d.event_sequence AS "event_sequence!", d.status AS "status!",
            d.attempts AS "attempts!", d.due_at AS "due_at!", d.created_at AS "created_at!",
            e.id AS event_id, e.type AS event_type, a.number AS "number?",
            a.started_at AS "started_at?", a.duration_ms AS "duration_ms?", a.status_code,
            a.error, a.response
        FROM page CROSS JOIN LATERAL (
            SELECT * FROM deliveries x WHERE x.merchant_id = $1 AND x.id = page.id LIMIT 1
        ) d CROSS JOIN LATERAL (
            SELECT v.id, v.type FROM events v
            WHERE v.merchant_id = $1 AND v.sequence = d.event_sequence LIMIT 1
        ) e LEFT JOIN LATERAL (
            SELECT * FROM delivery_attempts t
            WHERE t.merchant_id = $1 AND t.delivery_id = page.id ORDER BY t.number DESC LIMIT 1
        ) a ON true
        ORDER BY page.id DESC"#,
        query.merchant.0,
        query.endpoint.0,
        query.status.map(DeliveryStatus::as_str),
        query.window.older_than,
        query.window.newer_than,
        query.window.reach(),
    );
    let (rows, has_more) = query.window.cut(rows.fetch_all(pool).await?);
    let deliveries = rows.into_iter().map(|row| {
        let last_attempt = match (row.number, row.started_at, row.duration_ms) {
            (Some(number), Some(started_at), Some(duration_ms)) => Some(DeliveryAttempt {
                number,
                started_at,
                duration_ms,
                status_code: row.status_code,
                error: row.error,
                response: row.response,
            }),
            (_, _, _) => None,
        };
        Ok(Delivery {
            id: DeliveryId(row.id),
            endpoint: query.endpoint,
            event: EventId(row.event_id),
            event_type: row.event_type,
            event_sequence: row.event_sequence,
            status: word(&row.status)?,
            attempts: row.attempts,
            due_at: row.due_at,
            created_at: row.created_at,
            last_attempt,
        })
    });
    let deliveries: Result<_, sqlx::Error> = deliveries.collect();
    Ok((deliveries?, has_more))
}
