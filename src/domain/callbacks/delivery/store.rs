//! SQL of deliveries as the API reads them.

use super::{Delivery, DeliveryAttempt, DeliveryStatus};
use crate::base::db::Pool;
use crate::base::{
    db::Window,
    ids::{DeliveryId, EndpointId, EventId, MerchantId},
    names::Word,
};
use std::collections::HashMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// Which deliveries of an endpoint are asked for, newest event first.
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

struct Row {
    id: Uuid,
    endpoint_id: Uuid,
    event_sequence: i64,
    status: String,
    attempts: i32,
    due_at: OffsetDateTime,
    created_at: OffsetDateTime,
    event_id: Uuid,
    event_type: String,
}

impl Row {
    fn read(self, attempts: Vec<DeliveryAttempt>) -> Delivery {
        Delivery {
            id: DeliveryId(self.id),
            endpoint: EndpointId(self.endpoint_id),
            event: EventId(self.event_id),
            event_type: self.event_type,
            event_sequence: self.event_sequence,
            status: Word::read(self.status),
            due_at: self.due_at,
            created_at: self.created_at,
            attempts_count: self.attempts,
            attempts,
        }
    }
}

/// Deliveries of one endpoint with their attempts, newest event first, and whether there are more.
pub async fn list(pool: &Pool, query: DeliveryQuery) -> Result<(Vec<Delivery>, bool), sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"-- deliveries.list
        WITH page AS (
            (SELECT event_sequence FROM deliveries
            WHERE $5::uuid IS NULL AND merchant_id = $1 AND endpoint_id = $2
                AND ($3::text IS NULL OR status = $3)
                AND ($4::uuid IS NULL OR event_sequence < (
                    SELECT c.event_sequence FROM deliveries c
                    WHERE c.merchant_id = $1 AND c.id = $4 AND c.endpoint_id = $2))
            ORDER BY event_sequence DESC LIMIT $6)
            UNION ALL
            (SELECT event_sequence FROM deliveries
            WHERE $5::uuid IS NOT NULL AND merchant_id = $1 AND endpoint_id = $2
                AND ($3::text IS NULL OR status = $3)
                AND event_sequence > (
                    SELECT c.event_sequence FROM deliveries c
                    WHERE c.merchant_id = $1 AND c.id = $5 AND c.endpoint_id = $2)
            ORDER BY event_sequence LIMIT $6)
        )
        SELECT d.id AS "id!", d.endpoint_id AS "endpoint_id!",
            d.event_sequence AS "event_sequence!", d.status AS "status!",
            d.attempts AS "attempts!", d.created_at AS "created_at!",
            greatest(d.due_at, (SELECT h.paused_until FROM endpoint_health h
                JOIN callback_endpoints c ON c.merchant_id = h.merchant_id AND c.id = h.endpoint_id
                WHERE h.merchant_id = $1 AND h.endpoint_id = $2
                    AND h.updated_at >= c.updated_at)) AS "due_at!",
            e.id AS event_id, e.type AS event_type
        FROM page CROSS JOIN LATERAL (
            SELECT x.id, x.endpoint_id, x.event_sequence, x.status, x.attempts, x.due_at,
                x.created_at
            FROM deliveries x
            WHERE x.endpoint_id = $2 AND x.event_sequence = page.event_sequence LIMIT 1
        ) d CROSS JOIN LATERAL (
            SELECT v.id, v.type FROM events v
            WHERE v.merchant_id = $1 AND v.sequence = d.event_sequence LIMIT 1
        ) e
        ORDER BY page.event_sequence DESC"#,
        query.merchant.0,
        query.endpoint.0,
        query.status.map(DeliveryStatus::as_str),
        query.window.older_than,
        query.window.newer_than,
        query.window.reach(),
    );
    let (rows, has_more) = query.window.cut(rows.fetch_all(pool).await?);
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut attempts = attempts(pool, query.merchant, &ids).await?;
    let deliveries = rows.into_iter().map(|row| {
        let attempts = attempts.remove(&row.id).unwrap_or_default();
        row.read(attempts)
    });
    Ok((deliveries.collect(), has_more))
}

/// One delivery of a merchant with its attempts.
pub async fn find(
    pool: &Pool,
    merchant: MerchantId,
    id: DeliveryId,
) -> Result<Option<Delivery>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"-- deliveries.find
        SELECT d.id, d.endpoint_id, d.event_sequence, d.status, d.attempts, d.created_at,
            greatest(d.due_at, (SELECT h.paused_until FROM endpoint_health h
                JOIN callback_endpoints c ON c.merchant_id = h.merchant_id AND c.id = h.endpoint_id
                WHERE h.merchant_id = d.merchant_id AND h.endpoint_id = d.endpoint_id
                    AND h.updated_at >= c.updated_at)) AS "due_at!",
            e.id AS event_id, e.type AS event_type
        FROM deliveries d
        JOIN events e ON e.merchant_id = d.merchant_id AND e.sequence = d.event_sequence
        WHERE d.merchant_id = $1 AND d.id = $2"#,
        merchant.0,
        id.0,
    );
    let Some(row) = row.fetch_optional(pool).await? else {
        return Ok(None);
    };
    let attempts = attempts(pool, merchant, &[id.0]).await?.remove(&id.0);
    Ok(Some(row.read(attempts.unwrap_or_default())))
}

/// The recorded attempts of deliveries, the first first.
async fn attempts(
    pool: &Pool,
    merchant: MerchantId,
    deliveries: &[Uuid],
) -> Result<HashMap<Uuid, Vec<DeliveryAttempt>>, sqlx::Error> {
    let rows = sqlx::query!(
        "-- deliveries.attempts
        SELECT delivery_id, number, started_at, duration_ms, status_code, error, response
        FROM (SELECT UNNEST($2::uuid[]) AS id) u CROSS JOIN LATERAL (
            SELECT a.delivery_id, a.number, a.started_at, a.duration_ms, a.status_code, a.error,
                a.response
            FROM delivery_attempts a
            WHERE a.merchant_id = $1 AND a.delivery_id = u.id OFFSET 0
        ) a
        ORDER BY delivery_id, number",
        merchant.0,
        deliveries,
    );
    let mut attempts: HashMap<Uuid, Vec<DeliveryAttempt>> = HashMap::new();
    for row in rows.fetch_all(pool).await? {
        let of_delivery = attempts.entry(row.delivery_id).or_default();
        of_delivery.push(DeliveryAttempt {
            number: row.number,
            started_at: row.started_at,
            duration_ms: row.duration_ms,
            status_code: row.status_code,
            error: row.error,
            response: row.response,
        });
    }
    Ok(attempts)
}
