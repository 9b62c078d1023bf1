//! SQL of the feed.

use super::{EventQuery, News, NewsItem, Part};
use crate::base::db::Pool;
use crate::{
    base::db::SCAN,
    base::event_type::EventType,
    base::ids::{EventId, MerchantId},
};

/// A part of a merchant's feed: of the next so many events those that are asked for. Sequences are given and committed under the merchant's lock, so
/// nothing can appear later at or before a place that a statement has seen.
pub async fn events(pool: &Pool, query: &EventQuery) -> Result<Part, sqlx::Error> {
    let rows = sqlx::query!(
        r#"-- feed.events
        SELECT h.last AS "last!", f.sequence AS "sequence?", f.payload AS "payload?"
        FROM (SELECT coalesce(max(sequence), 0) AS last FROM events WHERE merchant_id = $1) h
        LEFT JOIN LATERAL (
            SELECT e.sequence, e.payload FROM events e
            WHERE e.merchant_id = $1 AND e.sequence > coalesce($2, h.last)
                AND e.sequence <= coalesce($2, h.last) + $6
                AND ($3::text IS NULL OR e.type = $3)
                AND ($4::text IS NULL OR e.conversation = $4)
            ORDER BY e.sequence LIMIT $5
        ) f ON true
        ORDER BY f.sequence"#,
        query.merchant.0,
        // No event is beyond it, and Postgres can still add to it.
        query.after.map(|after| after.min(i64::MAX - SCAN)),
        query.event_type.map(EventType::as_str),
        query.conversation,
        i64::from(query.limit) + 1,
        SCAN,
    );
    let rows = rows.fetch_all(pool).await?;
    let last = rows.first().map_or(0, |row| row.last);
    let mut found: Vec<(i64, Vec<u8>)> = rows
        .into_iter()
        .filter_map(|row| row.sequence.zip(row.payload))
        .collect();
    let limit = usize::from(query.limit);
    let is_cut = found.len() > limit;
    found.truncate(limit);
    let after = query.after.unwrap_or(last);
    let next_after = match found.last() {
        Some((sequence, _)) if is_cut => *sequence,
        Some(_) | None => last.min(after.saturating_add(SCAN)).max(after),
    };
    let has_more = is_cut || next_after < last;
    Ok(Part {
        events: found.into_iter().map(|(_, payload)| payload).collect(),
        has_more,
        next_after,
    })
}

/// Most events that one read for those who wait gives.
const NEWS_MAX: usize = 100;

/// What a merchant's feed holds after a place, whatever it is.
pub async fn news(pool: &Pool, merchant: MerchantId, after: i64) -> Result<News, sqlx::Error> {
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

/// The JSON, in stored form, of one event.
pub async fn event(
    pool: &Pool,
    merchant: MerchantId,
    id: EventId,
) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let row = sqlx::query_scalar!(
        "-- feed.event
        SELECT payload FROM events WHERE merchant_id = $1 AND id = $2",
        merchant.0,
        id.0,
    );
    row.fetch_optional(pool).await
}
