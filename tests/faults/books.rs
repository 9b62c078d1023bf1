//! What must be true of the database whatever was asked and whatever happened: nothing is there
//! by half.

use super::service::program;
use sqlx::PgConnection;
use tokio::task::spawn_blocking;

/// Rows that must not exist.
const HALVES: [(&str, &str); 13] = [
    (
        "a paid intent has not exactly one capture entry of what was captured",
        "SELECT count(*) FROM payment_intents i WHERE status = 'succeeded' AND 1 <> (
            SELECT count(*) FROM journal_entries e JOIN postings p
                ON p.merchant_id = e.merchant_id AND p.entry_sequence = e.sequence AND p.line = 1
            WHERE e.merchant_id = i.merchant_id AND e.payment_intent_id = i.id AND e.kind = 'capture'
                AND p.amount = i.amount_captured AND p.currency = i.currency)",
    ),
    (
        "an intent that is not paid has entries",
        "SELECT count(*) FROM journal_entries e JOIN payment_intents i
            ON i.merchant_id = e.merchant_id AND i.id = e.payment_intent_id WHERE i.status <> 'succeeded'",
    ),
    (
        "an entry belongs to no intent and to no movement",
        "SELECT count(*) FROM journal_entries e WHERE NOT EXISTS (SELECT FROM payment_intents i
            WHERE i.merchant_id = e.merchant_id AND i.id = e.payment_intent_id)
            AND NOT EXISTS (SELECT FROM movements m
            WHERE m.merchant_id = e.merchant_id AND m.entry_id = e.id)",
    ),
    (
        "an intent was charged twice",
        "SELECT count(*) FROM (SELECT FROM attempts WHERE kind = 'charge' AND status = 'succeeded'
            GROUP BY merchant_id, intent_id HAVING count(*) > 1) x",
    ),
    (
        "a refund is not booked, not told, or not counted exactly once",
        "SELECT count(*) FROM payment_intents i WHERE (
            SELECT ARRAY[count(*), coalesce(sum(amount), 0)] FROM refunds r
            WHERE r.merchant_id = i.merchant_id AND r.payment_intent_id = i.id AND r.status = 'succeeded'
        ) IS DISTINCT FROM ARRAY[(
            SELECT count(*) FROM journal_entries e
            WHERE e.merchant_id = i.merchant_id AND e.payment_intent_id = i.id AND e.kind = 'refund'
        ), i.amount_refunded::numeric] OR (
            SELECT count(*) FROM refunds r
            WHERE r.merchant_id = i.merchant_id AND r.payment_intent_id = i.id AND r.status = 'succeeded'
        ) <> (
            SELECT count(*) FROM events e
            WHERE e.merchant_id = i.merchant_id AND e.intent_id = i.id AND e.type = 'refund.succeeded')",
    ),
    (
        "an intent's state was not told exactly once",
        "SELECT count(*) FROM payment_intents i CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE type = 'payment_intent.created') AS created,
                count(*) FILTER (WHERE type = 'payment_intent.succeeded') AS succeeded,
                count(*) FILTER (WHERE type = 'payment_intent.canceled') AS canceled
            FROM events e WHERE e.merchant_id = i.merchant_id AND e.intent_id = i.id) told
        WHERE (created, succeeded, canceled) <> (CASE WHEN payment_link_id IS NULL THEN 1 ELSE created END,
            (status = 'succeeded')::int, (status = 'canceled')::int)",
    ),
    (
        "the events of an intent have a gap",
        "SELECT count(*) FROM payment_intents i WHERE (event_sequence, event_sequence) <> (
            SELECT count(*), coalesce(max(intent_sequence), 0) FROM events e
            WHERE e.merchant_id = i.merchant_id AND e.intent_id = i.id)",
    ),
    (
        "the events of a merchant have a gap",
        "SELECT count(*) FROM books b WHERE (event_sequence, event_sequence) <> (
            SELECT count(*), coalesce(max(sequence), 0) FROM events e WHERE e.merchant_id = b.merchant_id)",
    ),
    (
        "the entries of a merchant have a gap",
        "SELECT count(*) FROM books b WHERE (entry_sequence, entry_sequence) <> (
            SELECT count(*), coalesce(max(sequence), 0) FROM journal_entries e WHERE e.merchant_id = b.merchant_id)",
    ),
    (
        "an event is not owed to an endpoint exactly once, though its merchant replayed nothing",
        "SELECT count(*) FROM callback_endpoints e JOIN books b USING (merchant_id) WHERE b.event_sequence <> (
            SELECT count(*) FROM deliveries d WHERE d.merchant_id = e.merchant_id AND d.endpoint_id = e.id)
            AND NOT EXISTS (SELECT FROM replays r WHERE r.merchant_id = e.merchant_id)",
    ),
    (
        "a link counts its payments wrong, or was paid twice and is for one payment",
        "SELECT count(*) FROM payment_links l CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE status = 'succeeded') AS paid,
                count(*) FILTER (WHERE status IN ('processing', 'requires_action', 'requires_capture')) AS open
            FROM payment_intents i WHERE i.merchant_id = l.merchant_id AND i.payment_link_id = l.id) found
        WHERE (payments_count, payments_open) <> (paid, open) OR usage = 'single' AND paid > 1",
    ),
    (
        "a request never came to its end",
        "SELECT (SELECT count(*) FROM idempotency_keys WHERE status IS NULL)
            + (SELECT count(*) FROM payment_intents WHERE status = 'processing' OR amount_refunding <> 0)
            + (SELECT count(*) FROM refunds WHERE status = 'pending')",
    ),
    (
        "one key made two attempts",
        "SELECT count(*) FROM (SELECT FROM attempts WHERE idempotency_key IS NOT NULL
            GROUP BY merchant_id, idempotency_key HAVING count(*) > 1) x",
    ),
];

/// Looks for halves, and proves the books as an operator would.
pub async fn nothing_is_there_by_half(db: &mut PgConnection, database_url: String) {
    for (fault, sql) in HALVES {
        let found: i64 = sqlx::query_scalar(sql).fetch_one(&mut *db).await.unwrap();
        assert_eq!(found, 0, "{fault}");
    }
    let mut verify = program();
    verify.arg("verify").env("DATABASE_URL", database_url);
    let verify = spawn_blocking(move || verify.output().unwrap());
    let verify = verify.await.unwrap();
    let said = String::from_utf8_lossy(&verify.stderr).into_owned();
    assert!(verify.status.success(), "{said}");
}
