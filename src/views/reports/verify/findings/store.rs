//! SQL of what must agree with the journal beside payments. Each statement gives what is not
//! right, of one merchant or of all.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// A posting that does not belong where it is.
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

/// Postings without their entry, or booked at another time than its entry.
pub(super) async fn stray_postings(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Vec<StrayPosting>, sqlx::Error> {
    let rows = sqlx::query_as!(
        StrayPosting,
        r#"-- verify.stray_postings
        SELECT p.merchant_id, p.entry_sequence, p.line, e.sequence IS NOT NULL AS "entry_exists!"
        FROM postings p LEFT JOIN journal_entries e ON e.merchant_id = p.merchant_id
            AND e.sequence = p.entry_sequence
        WHERE ($1::uuid IS NULL OR p.merchant_id = $1) AND e.booked_at IS DISTINCT FROM p.booked_at
        ORDER BY p.merchant_id, p.entry_sequence, p.line LIMIT 1000"#,
        only
    );
    rows.fetch_all(db).await
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

/// Payment links that do not count their payments right.
pub(super) async fn link_counts(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Vec<LinkCounts>, sqlx::Error> {
    let rows = sqlx::query_as!(
        LinkCounts,
        r#"-- verify.link_counts
        WITH payment AS (
            SELECT merchant_id, payment_link_id,
                count(*) FILTER (WHERE status = 'succeeded') AS succeeded,
                count(*) FILTER (WHERE status IN ('processing', 'requires_action',
                    'requires_capture') AND open_attempt_kind IS DISTINCT FROM 'transfer') AS open
            FROM payment_intents WHERE payment_link_id IS NOT NULL
                AND ($1::uuid IS NULL OR merchant_id = $1)
            GROUP BY merchant_id, payment_link_id
        )
        SELECT l.merchant_id, l.id AS link_id, l.payments_count, l.payments_open,
            coalesce(p.succeeded, 0) AS "succeeded!", coalesce(p.open, 0) AS "open!"
        FROM payment_links l LEFT JOIN payment p ON p.merchant_id = l.merchant_id
            AND p.payment_link_id = l.id
        WHERE ($1::uuid IS NULL OR l.merchant_id = $1)
            AND (coalesce(p.succeeded, 0) <> l.payments_count
                OR coalesce(p.open, 0) <> l.payments_open)
        ORDER BY l.merchant_id, l.id LIMIT 1000"#,
        only
    );
    rows.fetch_all(db).await
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

/// Payments whose owner is not there.
pub(super) async fn payment_orphans(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Vec<Orphan>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Orphan,
        r#"-- verify.payment_orphans
        SELECT merchant_id AS "merchant_id!", kind AS "kind!", id, number, owner AS "owner!",
            owner_id FROM (
            SELECT i.merchant_id, 'payment_intents' AS kind, i.id, NULL::bigint AS number,
                'payment_links' AS owner, i.payment_link_id AS owner_id
            FROM payment_intents i WHERE i.payment_link_id IS NOT NULL
                AND NOT EXISTS (SELECT FROM payment_links l WHERE l.merchant_id = i.merchant_id
                    AND l.id = i.payment_link_id)
            UNION ALL SELECT i.merchant_id, 'payment_intents', i.id, NULL, 'attempts', a.id
            FROM payment_intents i
            CROSS JOIN LATERAL (VALUES (i.open_attempt_id), (i.charge_attempt_id)) a (id)
            WHERE a.id IS NOT NULL
                AND NOT EXISTS (SELECT FROM attempts t WHERE t.merchant_id = i.merchant_id
                    AND t.id = a.id)
            UNION ALL SELECT a.merchant_id, 'attempts', a.id, NULL, 'payment_intents', a.intent_id
            FROM attempts a WHERE NOT EXISTS (SELECT FROM payment_intents i
                WHERE i.merchant_id = a.merchant_id AND i.id = a.intent_id)
            UNION ALL SELECT a.merchant_id, 'attempts', a.id, NULL, 'refunds', a.refund_id
                FROM attempts a
            WHERE a.refund_id IS NOT NULL
                AND NOT EXISTS (SELECT FROM refunds r WHERE r.merchant_id = a.merchant_id
                AND r.id = a.refund_id)
            UNION ALL SELECT r.merchant_id, 'refunds', r.id, NULL, 'payment_intents',
                r.payment_intent_id
            FROM refunds r WHERE NOT EXISTS (SELECT FROM payment_intents i
                WHERE i.merchant_id = r.merchant_id AND i.id = r.payment_intent_id)
            UNION ALL SELECT t.merchant_id, 'link_tokens', NULL, NULL, 'payment_intents',
                t.intent_id FROM link_tokens t
            WHERE t.intent_id IS NOT NULL
                AND NOT EXISTS (SELECT FROM payment_intents i WHERE i.merchant_id = t.merchant_id
                AND i.id = t.intent_id)
            UNION ALL SELECT t.merchant_id, 'link_tokens', NULL, NULL, 'payment_links', t.link_id
                FROM link_tokens t
            WHERE t.link_id IS NOT NULL
                AND NOT EXISTS (SELECT FROM payment_links l WHERE l.merchant_id = t.merchant_id
                AND l.id = t.link_id)
        ) orphan WHERE $1::uuid IS NULL OR merchant_id = $1 LIMIT 1000"#,
        only
    );
    rows.fetch_all(db).await
}

/// Events and deliveries whose owner is not there.
pub(super) async fn event_orphans(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Vec<Orphan>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Orphan,
        r#"-- verify.event_orphans
        SELECT merchant_id AS "merchant_id!", kind AS "kind!", id, number, owner AS "owner!",
            owner_id FROM (
            SELECT e.merchant_id, 'events' AS kind, e.id, e.sequence AS number,
                'payment_intents' AS owner, e.intent_id AS owner_id
            FROM events e WHERE e.intent_id IS NOT NULL
                AND NOT EXISTS (SELECT FROM payment_intents i WHERE i.merchant_id = e.merchant_id
                    AND i.id = e.intent_id)
            UNION ALL SELECT d.merchant_id, 'deliveries', d.id, NULL, 'event ' || d.event_sequence,
                NULL
            FROM deliveries d WHERE NOT EXISTS (SELECT FROM events e
                WHERE e.merchant_id = d.merchant_id AND e.sequence = d.event_sequence)
            UNION ALL SELECT d.merchant_id, 'deliveries', d.id, NULL, 'callback_endpoints',
                d.endpoint_id
            FROM deliveries d WHERE NOT EXISTS (SELECT FROM callback_endpoints c
                WHERE c.merchant_id = d.merchant_id AND c.id = d.endpoint_id)
            UNION ALL SELECT a.merchant_id, 'delivery_attempts', NULL, a.number, 'deliveries',
                a.delivery_id
            FROM delivery_attempts a
                WHERE NOT EXISTS (SELECT FROM deliveries d WHERE d.merchant_id = a.merchant_id
                AND d.id = a.delivery_id)
        ) orphan WHERE $1::uuid IS NULL OR merchant_id = $1 LIMIT 1000"#,
        only
    );
    rows.fetch_all(db).await
}

/// Rows of the books whose merchant, or whose merchant's books, are not there.
pub(super) async fn merchant_orphans(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Vec<Orphan>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Orphan,
        r#"-- verify.merchant_orphans
        SELECT merchant_id AS "merchant_id!", kind AS "kind!", NULL::uuid AS id, number,
            owner AS "owner!", NULL::uuid AS owner_id FROM (
            SELECT merchant_id, 'books' AS kind, NULL::bigint AS number, 'merchants' AS owner
                FROM books b
            WHERE NOT EXISTS (SELECT FROM merchants m WHERE m.merchant_id = b.merchant_id)
            UNION ALL SELECT merchant_id, 'accounts', NULL, 'books' FROM accounts a
                WHERE NOT EXISTS (SELECT FROM books b WHERE b.merchant_id = a.merchant_id)
            UNION ALL SELECT merchant_id, 'balances', NULL, 'books' FROM balances a
                WHERE NOT EXISTS (SELECT FROM books b WHERE b.merchant_id = a.merchant_id)
            UNION ALL SELECT merchant_id, 'journal_entries', e.sequence, 'books'
                FROM journal_entries e
            WHERE NOT EXISTS (SELECT FROM books b WHERE b.merchant_id = e.merchant_id
                AND b.entry_sequence >= e.sequence)
            UNION ALL SELECT merchant_id, 'events', e.sequence, 'books' FROM events e
            WHERE NOT EXISTS (SELECT FROM books b WHERE b.merchant_id = e.merchant_id
                AND b.event_sequence >= e.sequence)
            UNION ALL SELECT merchant_id, 'payment_intents', NULL, 'merchants'
                FROM payment_intents i
            WHERE NOT EXISTS (SELECT FROM merchants m WHERE m.merchant_id = i.merchant_id)
            UNION ALL SELECT merchant_id, 'payment_links', NULL, 'merchants' FROM payment_links l
            WHERE NOT EXISTS (SELECT FROM merchants m WHERE m.merchant_id = l.merchant_id)
        ) orphan WHERE $1::uuid IS NULL OR merchant_id = $1 LIMIT 1000"#,
        only
    );
    rows.fetch_all(db).await
}

/// An answer with a journal entry, as it is kept under its idempotency key.
#[derive(Clone, Debug)]
pub(super) struct AnsweredEntry {
    /// Whose key.
    pub merchant_id: Uuid,
    /// The key.
    pub key: String,
    /// The printed id of the entry.
    pub entry: String,
}

/// The next answers after a key that are a journal entry: of entries that were booked by hand
/// nothing else tells.
pub(super) async fn answered_entries(
    db: &mut PgConnection,
    only: Option<Uuid>,
    (merchant, key): (Uuid, &str),
) -> Result<Vec<AnsweredEntry>, sqlx::Error> {
    let rows = sqlx::query_as!(
        AnsweredEntry,
        r#"-- verify.answered_entries
        SELECT merchant_id, key, convert_from(substring(answer FROM 8 FOR 29), 'UTF8') AS "entry!"
        FROM idempotency_keys
        WHERE status = 201 AND substring(answer FOR 10) = convert_to('{"id":"je_', 'UTF8')
            AND ($1::uuid IS NULL OR merchant_id = $1) AND (merchant_id, key) > ($2, $3)
        ORDER BY merchant_id, key LIMIT 256"#,
        only,
        merchant,
        key
    );
    rows.fetch_all(db).await
}

/// An attempt whose outcome should have been found out.
#[derive(Clone, Debug)]
pub(super) struct OldAttempt {
    /// Whose attempt.
    pub merchant_id: Uuid,
    /// The attempt.
    pub attempt_id: Uuid,
    /// What is known of it.
    pub status: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// Attempts that are old and not final: those that got no answer in an hour, or those that their
/// rail has taken on and has not decided in a month.
pub(super) async fn old_attempts(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Vec<OldAttempt>, sqlx::Error> {
    let rows = sqlx::query_as!(
        OldAttempt,
        "-- verify.old_attempts
        SELECT merchant_id, id AS attempt_id, status, created_at FROM attempts
        WHERE ($1::uuid IS NULL OR merchant_id = $1)
            AND (status NOT IN ('pending', 'requires_action', 'succeeded', 'failed', 'closed',
                    'reversed')
                AND created_at < now() - interval '1 hour'
                OR status = 'pending' AND created_at < now() - interval '30 days')
        ORDER BY created_at LIMIT 1000",
        only
    );
    rows.fetch_all(db).await
}
