//! SQL of what nearly every command leaves, whatever it was about: its answer under its key, what is
//! told of it and to whom that is owed, and where its merchant's books now stand.
#![expect(
    clippy::as_conversions,
    reason = "this is how sqlx is told of arrays with nulls"
)]

use super::world::World;
use crate::{callbacks, idempotency, ledger};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// Stores new keys, events with their deliveries, and the heads of `books`: one statement, since
/// they come together and a batch pays for each round trip. The books are locked, so their order
/// does not matter.
pub async fn conclude(
    db: &mut PgConnection,
    world: &World,
    books: &[&ledger::Books],
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let k = idempotency::store::columns(&world.keys.made());
    let e = callbacks::store::columns(&world.events, &world.deliveries);
    let h = ledger::store::heads(books);
    let conclude = sqlx::query!(
        "-- writer.conclude
        WITH answered AS (
            INSERT INTO idempotency_keys (merchant_id, key, fingerprint, status, answer, created_at)
            SELECT UNNEST($1::uuid[]), UNNEST($2::text[]), UNNEST($3::bytea[]), UNNEST($4::smallint[]), UNNEST($5::bytea[]), $6),
        moved AS (
            UPDATE books SET entry_sequence = u.entry_sequence, entry_hash = u.entry_hash,
                event_sequence = u.event_sequence, booked_at = u.booked_at
            FROM (SELECT UNNEST($7::uuid[]) AS merchant_id, UNNEST($8::bigint[]) AS entry_sequence, UNNEST($9::bytea[]) AS entry_hash,
                UNNEST($10::bigint[]) AS event_sequence, UNNEST($11::timestamptz[]) AS booked_at) u
            WHERE books.merchant_id = u.merchant_id),
        told AS (
            INSERT INTO events (merchant_id, sequence, id, type, intent_id, intent_sequence, conversation, payload, created_at)
            SELECT UNNEST($12::uuid[]), UNNEST($13::bigint[]), UNNEST($14::uuid[]), UNNEST($15::text[]), UNNEST($16::uuid[]),
                UNNEST($17::integer[]), UNNEST($18::text[]), UNNEST($19::bytea[]), UNNEST($20::timestamptz[]))
        INSERT INTO deliveries (merchant_id, id, endpoint_id, event_sequence, intent_id, status, attempts, lease_id, due_at, created_at, updated_at)
        SELECT u.merchant_id, u.id, u.endpoint_id, u.event_sequence, u.intent_id, CASE WHEN u.held THEN 'held' ELSE 'pending' END,
            (u.lease_id IS NOT NULL)::integer, u.lease_id, u.due_at, u.created_at, u.created_at
        FROM (SELECT UNNEST($21::uuid[]) AS merchant_id, UNNEST($22::uuid[]) AS id, UNNEST($23::uuid[]) AS endpoint_id,
            UNNEST($24::bigint[]) AS event_sequence, UNNEST($25::uuid[]) AS intent_id, UNNEST($26::boolean[]) AS held,
            UNNEST($27::uuid[]) AS lease_id, UNNEST($28::timestamptz[]) AS due_at, UNNEST($29::timestamptz[]) AS created_at) u",
        &k.merchants, &k.keys, &k.fingerprints, &k.statuses as &[Option<i16>], &k.answers as &[Option<Vec<u8>>], now,
        &h.merchants, &h.entry_sequences, &h.entry_hashes, &h.event_sequences, &h.booked_at,
        &e.merchants, &e.sequences, &e.ids, &e.types as &[&str], &e.intents as &[Option<Uuid>],
        &e.intent_sequences as &[Option<i32>], &e.conversations as &[Option<&str>], &e.payloads as &[&[u8]], &e.created_at,
        &e.owed_by, &e.delivery_ids, &e.endpoints, &e.owed, &e.about as &[Option<Uuid>], &e.held,
        &e.leases as &[Option<Uuid>], &e.due_at, &e.owed_since
    );
    conclude.execute(db).await.map(drop)
}
