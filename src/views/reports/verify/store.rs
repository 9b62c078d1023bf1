//! SQL of the proof. Each statement gives the first thing that is not right, of one merchant or
//! of all, and nothing if all is right.

use crate::{base::ids::MerchantId, domain::ledger::EntryHash};
use sqlx::PgConnection;
use uuid::Uuid;

/// Where a merchant's books stand.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// Whose books.
    pub merchant: MerchantId,
    /// The sequence of the last entry.
    pub entry_sequence: i64,
    /// The hash of the last entry.
    pub entry_hash: EntryHash,
}

/// The books of the first merchant after `after`. A merchant without books has empty ones, which
/// hold as long as nothing was booked.
pub(super) async fn next_books(
    db: &mut PgConnection,
    after: Uuid,
    only: Option<Uuid>,
) -> Result<Option<Head>, sqlx::Error> {
    let row = sqlx::query!(
        r#"-- verify.next_books
        SELECT m.merchant_id, b.entry_sequence AS "entry_sequence?", b.entry_hash AS "entry_hash?"
        FROM merchants m LEFT JOIN books b ON b.merchant_id = m.merchant_id
        WHERE m.merchant_id > $1 AND ($2::uuid IS NULL OR m.merchant_id = $2) ORDER BY m.merchant_id LIMIT 1"#,
        after,
        only
    );
    let row = row.fetch_optional(db).await?;
    Ok(row.map(|row| Head {
        merchant: MerchantId(row.merchant_id),
        entry_sequence: row.entry_sequence.unwrap_or(0),
        entry_hash: EntryHash(
            row.entry_hash
                .and_then(|hash| hash.try_into().ok())
                .unwrap_or_default(),
        ),
    }))
}

/// How many events there are.
pub(super) async fn count_events(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<i64, sqlx::Error> {
    let count = sqlx::query_scalar!(
        r#"-- verify.count_events
        SELECT count(*) AS "count!" FROM events WHERE $1::uuid IS NULL OR merchant_id = $1"#,
        only
    );
    count.fetch_one(db).await
}

/// A posting that does not belong where it stands.
#[derive(Clone, Debug)]
pub(super) struct StrayPosting {
    /// Whose books.
    pub merchant_id: Uuid,
    /// The entry that it names.
    pub entry_sequence: i64,
    /// Its line.
    pub line: i16,
    /// Whether the entry is there; then the two differ in `booked_at`.
    pub entry_exists: bool,
}

/// A posting without its entry, or booked at another time than its entry.
pub(super) async fn stray_posting(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Option<StrayPosting>, sqlx::Error> {
    let row = sqlx::query_as!(
        StrayPosting,
        r#"-- verify.stray_posting
        SELECT p.merchant_id, p.entry_sequence, p.line, e.sequence IS NOT NULL AS "entry_exists!"
        FROM postings p LEFT JOIN journal_entries e ON e.merchant_id = p.merchant_id AND e.sequence = p.entry_sequence
        WHERE ($1::uuid IS NULL OR p.merchant_id = $1) AND e.booked_at IS DISTINCT FROM p.booked_at
        ORDER BY p.merchant_id, p.entry_sequence, p.line LIMIT 1"#,
        only
    );
    row.fetch_optional(db).await
}

/// A payment intent beside the sums of its journal entries.
#[derive(Clone, Debug)]
pub(super) struct IntentBooks {
    /// Whose intent.
    pub merchant_id: Uuid,
    /// The intent.
    pub intent_id: Uuid,
    /// Its status; none if entries name an intent that is not there.
    pub status: Option<String>,
    /// Its currency.
    pub currency: Option<String>,
    /// What it says was captured.
    pub amount_captured: Option<i64>,
    /// What it says was refunded.
    pub amount_refunded: Option<i64>,
    /// How many capture entries it has.
    pub captures: i64,
    /// What they captured.
    pub captured: i64,
    /// What its refund entries gave back.
    pub refunded: i64,
    /// Whether an entry is in another currency.
    pub foreign: bool,
}

/// A payment intent whose journal entries do not say what it says. The debits of an entry are
/// its amount.
pub(super) async fn intent_books(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Option<IntentBooks>, sqlx::Error> {
    let row = sqlx::query_as!(
        IntentBooks,
        r#"-- verify.intent_books
        WITH entry AS (
            SELECT e.merchant_id, e.payment_intent_id AS intent_id, e.kind, p.currency, sum(p.amount) AS amount
            FROM journal_entries e JOIN postings p ON p.merchant_id = e.merchant_id AND p.entry_sequence = e.sequence
            WHERE e.payment_intent_id IS NOT NULL AND p.direction = 'debit' AND ($1::uuid IS NULL OR e.merchant_id = $1)
            GROUP BY e.merchant_id, e.sequence, p.currency
        ), booked AS (
            SELECT merchant_id, intent_id, count(*) FILTER (WHERE kind = 'capture') AS captures,
                least(coalesce(sum(amount) FILTER (WHERE kind = 'capture'), 0), 9223372036854775807)::bigint AS captured,
                least(coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0), 9223372036854775807)::bigint AS refunded,
                min(currency) AS low, max(currency) AS high
            FROM entry GROUP BY merchant_id, intent_id
        ), intent AS (
            SELECT merchant_id, id AS intent_id, status, currency, amount_captured, amount_refunded
            FROM payment_intents WHERE $1::uuid IS NULL OR merchant_id = $1
        )
        SELECT merchant_id AS "merchant_id!", intent_id AS "intent_id!", i.status AS "status?", i.currency AS "currency?",
            i.amount_captured AS "amount_captured?", i.amount_refunded AS "amount_refunded?", coalesce(b.captures, 0) AS "captures!",
            coalesce(b.captured, 0) AS "captured!", coalesce(b.refunded, 0) AS "refunded!",
            coalesce(b.low <> i.currency OR b.high <> i.currency, false) AS "foreign!"
        FROM intent i FULL JOIN booked b USING (merchant_id, intent_id)
        WHERE i.status IS NULL OR b.low <> i.currency OR b.high <> i.currency
            OR coalesce(b.captures, 0) <> (i.status = 'succeeded')::int
            OR coalesce(b.captured, 0) <> i.amount_captured OR coalesce(b.refunded, 0) <> i.amount_refunded
        ORDER BY merchant_id, intent_id LIMIT 1"#,
        only
    );
    row.fetch_optional(db).await
}

/// A payment intent beside the sums of its refunds.
#[derive(Clone, Debug)]
pub(super) struct IntentRefunds {
    /// Whose intent.
    pub merchant_id: Uuid,
    /// The intent.
    pub intent_id: Uuid,
    /// Its currency.
    pub currency: String,
    /// What it says was refunded.
    pub amount_refunded: i64,
    /// What it says is being refunded.
    pub amount_refunding: i64,
    /// The sum of its refunds that succeeded.
    pub succeeded: i64,
    /// The sum of its refunds that are pending.
    pub pending: i64,
    /// Whether a refund is in another currency.
    pub foreign: bool,
}

/// A payment intent whose refunds do not add up to what it says.
pub(super) async fn intent_refunds(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Option<IntentRefunds>, sqlx::Error> {
    let row = sqlx::query_as!(
        IntentRefunds,
        r#"-- verify.intent_refunds
        WITH refund AS (
            SELECT merchant_id, payment_intent_id, least(coalesce(sum(amount) FILTER (WHERE status = 'succeeded'), 0), 9223372036854775807)::bigint AS succeeded,
                least(coalesce(sum(amount) FILTER (WHERE status = 'pending'), 0), 9223372036854775807)::bigint AS pending, min(currency) AS low, max(currency) AS high
            FROM refunds WHERE $1::uuid IS NULL OR merchant_id = $1 GROUP BY merchant_id, payment_intent_id
        )
        SELECT i.merchant_id, i.id AS intent_id, i.currency, i.amount_refunded, i.amount_refunding,
            coalesce(r.succeeded, 0) AS "succeeded!", coalesce(r.pending, 0) AS "pending!",
            coalesce(r.low <> i.currency OR r.high <> i.currency, false) AS "foreign!"
        FROM payment_intents i LEFT JOIN refund r ON r.merchant_id = i.merchant_id AND r.payment_intent_id = i.id
        WHERE ($1::uuid IS NULL OR i.merchant_id = $1) AND (coalesce(r.succeeded, 0) <> i.amount_refunded
            OR coalesce(r.pending, 0) <> i.amount_refunding OR r.low <> i.currency OR r.high <> i.currency)
        ORDER BY i.merchant_id, i.id LIMIT 1"#,
        only
    );
    row.fetch_optional(db).await
}

/// A payment link beside the counts of its intents.
#[derive(Clone, Debug)]
pub(super) struct LinkCounts {
    /// Whose link.
    pub merchant_id: Uuid,
    /// The link.
    pub link_id: Uuid,
    /// How many payments it says it had.
    pub payments_count: i32,
    /// How many payments it says are open.
    pub payments_open: i32,
    /// How many of its intents succeeded.
    pub succeeded: i64,
    /// How many of its intents hold a place.
    pub open: i64,
}

/// A payment link that does not count its payments right.
pub(super) async fn link_counts(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Option<LinkCounts>, sqlx::Error> {
    let row = sqlx::query_as!(
        LinkCounts,
        r#"-- verify.link_counts
        WITH payment AS (
            SELECT merchant_id, payment_link_id, count(*) FILTER (WHERE status = 'succeeded') AS succeeded,
                count(*) FILTER (WHERE status IN ('processing', 'requires_action', 'requires_capture')) AS open
            FROM payment_intents WHERE payment_link_id IS NOT NULL AND ($1::uuid IS NULL OR merchant_id = $1)
            GROUP BY merchant_id, payment_link_id
        )
        SELECT l.merchant_id, l.id AS link_id, l.payments_count, l.payments_open,
            coalesce(p.succeeded, 0) AS "succeeded!", coalesce(p.open, 0) AS "open!"
        FROM payment_links l LEFT JOIN payment p ON p.merchant_id = l.merchant_id AND p.payment_link_id = l.id
        WHERE ($1::uuid IS NULL OR l.merchant_id = $1)
            AND (coalesce(p.succeeded, 0) <> l.payments_count OR coalesce(p.open, 0) <> l.payments_open)
        ORDER BY l.merchant_id, l.id LIMIT 1"#,
        only
    );
    row.fetch_optional(db).await
}

/// A merchant's events beside what the books say of them.
#[derive(Clone, Debug)]
pub(super) struct EventCounts {
    /// Whose events.
    pub merchant_id: Uuid,
    /// The sequence that should be the last.
    pub event_sequence: i64,
    /// How many there are.
    pub count: i64,
    /// The sequence of the last.
    pub last: i64,
    /// The first sequence that is missing.
    pub missing: Option<i64>,
}

/// A merchant whose events have a gap, or do not end where the books say.
pub(super) async fn event_counts(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Option<EventCounts>, sqlx::Error> {
    let row = sqlx::query_as!(
        EventCounts,
        r#"-- verify.event_counts
        SELECT b.merchant_id, b.event_sequence, coalesce(e.count, 0) AS "count!", coalesce(e.last, 0) AS "last!",
            (SELECT min(s) FROM generate_series(1, b.event_sequence) s WHERE NOT EXISTS (
                SELECT FROM events x WHERE x.merchant_id = b.merchant_id AND x.sequence = s)) AS missing
        FROM books b LEFT JOIN (
            SELECT merchant_id, count(*) AS count, max(sequence) AS last FROM events
            WHERE $1::uuid IS NULL OR merchant_id = $1 GROUP BY merchant_id
        ) e ON e.merchant_id = b.merchant_id
        WHERE ($1::uuid IS NULL OR b.merchant_id = $1)
            AND (coalesce(e.count, 0) <> b.event_sequence OR coalesce(e.last, 0) <> b.event_sequence)
        ORDER BY b.merchant_id LIMIT 1"#,
        only
    );
    row.fetch_optional(db).await
}

/// Something whose owner is not there.
#[derive(Clone, Debug)]
pub(super) struct Orphan {
    /// Whose it is.
    pub merchant_id: Uuid,
    /// What it is: the name of its table.
    pub kind: String,
    /// Its id, where it has one.
    pub id: Option<Uuid>,
    /// Its number, where it has one.
    pub number: Option<i64>,
    /// What is missing: the name of the owner's table.
    pub owner: String,
    /// The owner's id, where it has one.
    pub owner_id: Option<Uuid>,
}

/// The first of payments whose owner is not there.
pub(super) async fn payment_orphan(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Option<Orphan>, sqlx::Error> {
    let row = sqlx::query_as!(
        Orphan,
        r#"-- verify.payment_orphan
        SELECT merchant_id AS "merchant_id!", kind AS "kind!", id, number, owner AS "owner!", owner_id FROM (
            SELECT i.merchant_id, 'payment_intents' AS kind, i.id, NULL::bigint AS number, 'payment_links' AS owner, i.payment_link_id AS owner_id
            FROM payment_intents i WHERE i.payment_link_id IS NOT NULL
                AND NOT EXISTS (SELECT FROM payment_links l WHERE l.merchant_id = i.merchant_id AND l.id = i.payment_link_id)
            UNION ALL SELECT i.merchant_id, 'payment_intents', i.id, NULL, 'attempts', a.id
            FROM payment_intents i CROSS JOIN LATERAL (VALUES (i.open_attempt_id), (i.charge_attempt_id)) a (id) WHERE a.id IS NOT NULL
                AND NOT EXISTS (SELECT FROM attempts t WHERE t.merchant_id = i.merchant_id AND t.id = a.id)
            UNION ALL SELECT a.merchant_id, 'attempts', a.id, NULL, 'payment_intents', a.intent_id
            FROM attempts a WHERE NOT EXISTS (SELECT FROM payment_intents i WHERE i.merchant_id = a.merchant_id AND i.id = a.intent_id)
            UNION ALL SELECT a.merchant_id, 'attempts', a.id, NULL, 'refunds', a.refund_id FROM attempts a
            WHERE a.refund_id IS NOT NULL AND NOT EXISTS (SELECT FROM refunds r WHERE r.merchant_id = a.merchant_id AND r.id = a.refund_id)
            UNION ALL SELECT r.merchant_id, 'refunds', r.id, NULL, 'payment_intents', r.payment_intent_id
            FROM refunds r WHERE NOT EXISTS (SELECT FROM payment_intents i WHERE i.merchant_id = r.merchant_id AND i.id = r.payment_intent_id)
            UNION ALL SELECT t.merchant_id, 'link_tokens', NULL, NULL, 'payment_intents', t.intent_id FROM link_tokens t
            WHERE t.intent_id IS NOT NULL AND NOT EXISTS (SELECT FROM payment_intents i WHERE i.merchant_id = t.merchant_id AND i.id = t.intent_id)
            UNION ALL SELECT t.merchant_id, 'link_tokens', NULL, NULL, 'payment_links', t.link_id FROM link_tokens t
            WHERE t.link_id IS NOT NULL AND NOT EXISTS (SELECT FROM payment_links l WHERE l.merchant_id = t.merchant_id AND l.id = t.link_id)
        ) orphan WHERE $1::uuid IS NULL OR merchant_id = $1 LIMIT 1"#,
        only
    );
    row.fetch_optional(db).await
}

/// The first of events and deliveries whose owner is not there.
pub(super) async fn event_orphan(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Option<Orphan>, sqlx::Error> {
    let row = sqlx::query_as!(
        Orphan,
        r#"-- verify.event_orphan
        SELECT merchant_id AS "merchant_id!", kind AS "kind!", id, number, owner AS "owner!", owner_id FROM (
            SELECT e.merchant_id, 'events' AS kind, e.id, e.sequence AS number, 'payment_intents' AS owner, e.intent_id AS owner_id
            FROM events e WHERE e.intent_id IS NOT NULL
                AND NOT EXISTS (SELECT FROM payment_intents i WHERE i.merchant_id = e.merchant_id AND i.id = e.intent_id)
            UNION ALL SELECT d.merchant_id, 'deliveries', d.id, NULL, 'event ' || d.event_sequence, NULL
            FROM deliveries d WHERE NOT EXISTS (SELECT FROM events e WHERE e.merchant_id = d.merchant_id AND e.sequence = d.event_sequence)
            UNION ALL SELECT d.merchant_id, 'deliveries', d.id, NULL, 'callback_endpoints', d.endpoint_id
            FROM deliveries d WHERE NOT EXISTS (SELECT FROM callback_endpoints c WHERE c.merchant_id = d.merchant_id AND c.id = d.endpoint_id)
            UNION ALL SELECT a.merchant_id, 'delivery_attempts', NULL, a.number, 'deliveries', a.delivery_id
            FROM delivery_attempts a WHERE NOT EXISTS (SELECT FROM deliveries d WHERE d.merchant_id = a.merchant_id AND d.id = a.delivery_id)
        ) orphan WHERE $1::uuid IS NULL OR merchant_id = $1 LIMIT 1"#,
        only
    );
    row.fetch_optional(db).await
}

/// The first row of the books whose merchant, or whose merchant's books, are not there.
pub(super) async fn merchant_orphan(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Option<Orphan>, sqlx::Error> {
    let row = sqlx::query_as!(
        Orphan,
        r#"-- verify.merchant_orphan
        SELECT merchant_id AS "merchant_id!", kind AS "kind!", NULL::uuid AS id, number, owner AS "owner!", NULL::uuid AS owner_id FROM (
            SELECT merchant_id, 'books' AS kind, NULL::bigint AS number, 'merchants' AS owner FROM books b
            WHERE NOT EXISTS (SELECT FROM merchants m WHERE m.merchant_id = b.merchant_id)
            UNION ALL SELECT merchant_id, 'accounts', NULL, 'books' FROM accounts a WHERE NOT EXISTS (SELECT FROM books b WHERE b.merchant_id = a.merchant_id)
            UNION ALL SELECT merchant_id, 'balances', NULL, 'books' FROM balances a WHERE NOT EXISTS (SELECT FROM books b WHERE b.merchant_id = a.merchant_id)
            UNION ALL SELECT merchant_id, 'journal_entries', e.sequence, 'books' FROM journal_entries e
            WHERE NOT EXISTS (SELECT FROM books b WHERE b.merchant_id = e.merchant_id AND b.entry_sequence >= e.sequence)
            UNION ALL SELECT merchant_id, 'events', e.sequence, 'books' FROM events e
            WHERE NOT EXISTS (SELECT FROM books b WHERE b.merchant_id = e.merchant_id AND b.event_sequence >= e.sequence)
            UNION ALL SELECT merchant_id, 'payment_intents', NULL, 'merchants' FROM payment_intents i
            WHERE NOT EXISTS (SELECT FROM merchants m WHERE m.merchant_id = i.merchant_id)
            UNION ALL SELECT merchant_id, 'payment_links', NULL, 'merchants' FROM payment_links l
            WHERE NOT EXISTS (SELECT FROM merchants m WHERE m.merchant_id = l.merchant_id)
        ) orphan WHERE $1::uuid IS NULL OR merchant_id = $1 LIMIT 1"#,
        only
    );
    row.fetch_optional(db).await
}
