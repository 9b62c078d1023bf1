//! SQL of the feed.

use super::{EventQuery, News, NewsItem, Part};
use crate::{
    base::ids::{EventId, MerchantId},
    domain::callbacks::EventType,
};
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

/// A part of a merchant's feed. Sequences are given and committed under the merchant's lock, so
/// nothing can appear later at or before a place that a statement has seen.
pub async fn events(pool: &PgPool, query: &EventQuery) -> Result<Part, sqlx::Error> {
    let rows = sqlx::query!(
        r#"-- feed.events
        SELECT h.last AS "last!", f.sequence AS "sequence?", f.payload AS "payload?"
        FROM (SELECT coalesce(max(sequence), 0) AS last FROM events WHERE merchant_id = $1) h
        LEFT JOIN LATERAL (
            SELECT e.sequence, e.payload FROM events e
            WHERE e.merchant_id = $1 AND e.sequence > coalesce($2, h.last)
                AND ($3::text IS NULL OR e.type = $3)
                AND ($4::text IS NULL OR e.conversation = $4)
            ORDER BY e.sequence LIMIT $5
        ) f ON true
        ORDER BY f.sequence"#,
        query.merchant.0,
        query.after,
        query.event_type.map(EventType::as_str),
        query.conversation,
        i64::from(query.limit) + 1,
    );
    let rows = rows.fetch_all(pool).await?;
    let last = rows.first().map_or(0, |row| row.last);
    let mut found: Vec<(i64, Vec<u8>)> = rows
        .into_iter()
        .filter_map(|row| row.sequence.zip(row.payload))
        .collect();
    let limit = usize::from(query.limit);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next_after = match found.last() {
        Some((sequence, _)) if has_more => *sequence,
        Some(_) | None => last.max(query.after.unwrap_or(0)),
    };
    Ok(Part {
        events: found.into_iter().map(|(_, payload)| payload).collect(),
        has_more,
        next_after,
    })
}

/// Most events that one read for those who wait gives.
const NEWS_MAX: usize = 100;

/// What a merchant's feed holds after a place, whatever it is.
pub async fn news(pool: &PgPool, merchant: MerchantId, after: i64) -> Result<News, sqlx::Error> {
    let limit = i64::try_from(NEWS_MAX).unwrap_or(i64::MAX);
    let rows = sqlx::query_as!(
        NewsItem,
        "-- feed.news
        SELECT sequence, type AS event_type, conversation, payload FROM events
        WHERE merchant_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
        merchant.0,
        after,
        limit.saturating_add(1),
    );
    let mut events = rows.fetch_all(pool).await?;
    let has_more = events.len() > NEWS_MAX;
    events.truncate(NEWS_MAX);
    let to = events.last().map_or(after, |event| event.sequence);
    Ok(News {
        events,
        to,
        has_more,
    })
}

/// The JSON, in stored form, of one event. No index holds event ids: an id tells the millisecond
/// of its event, and the feed is in the order of time, so only its neighbors are looked at.
pub async fn event(
    pool: &PgPool,
    merchant: MerchantId,
    id: EventId,
) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let Some(at) = made_at(id.0) else {
        return Ok(None);
    };
    let row = sqlx::query_scalar!(
        "-- feed.event
        SELECT payload FROM events
        WHERE created_at BETWEEN $3::timestamptz - interval '1 second'
                AND $3::timestamptz + interval '1 second'
            AND merchant_id = $1 AND id = $2",
        merchant.0,
        id.0,
        at,
    );
    row.fetch_optional(pool).await
}

/// The millisecond that a `UUIDv7` was made in, if it is one.
fn made_at(id: Uuid) -> Option<OffsetDateTime> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    let at = OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok()?;
    Some(at + time::Duration::nanoseconds(nanos.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ambient::Ambient;

    #[test]
    fn an_event_id_tells_its_millisecond() {
        let ambient = Ambient::system();
        let (before, id, after) = (ambient.now(), ambient.id(), ambient.now());
        let at = made_at(id).unwrap();
        assert!(before - time::Duration::MILLISECOND <= at && at <= after);
        assert_eq!(made_at(Uuid::from_u128(1)), None);
    }
}
