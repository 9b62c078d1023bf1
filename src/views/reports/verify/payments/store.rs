//! SQL of payments: intents beside their entries, refunds, attempts and events. Each statement
//! gives what is not right, of one merchant or of all.

use sqlx::PgConnection;
use uuid::Uuid;

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
    /// How many of its entries have the source of another.
    pub doubled: i64,
}

/// Payment intents whose journal entries do not say what they say. The debits of an entry are
/// its amount.
pub(super) async fn intent_books(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Vec<IntentBooks>, sqlx::Error> {
    let rows = sqlx::query_as!(
        IntentBooks,
        r#"-- verify.intent_books
        WITH entry AS (
            SELECT e.merchant_id, e.payment_intent_id AS intent_id, e.kind, e.source, p.currency,
                sum(p.amount) AS amount
            FROM journal_entries e JOIN postings p ON p.merchant_id = e.merchant_id
                AND p.entry_sequence = e.sequence
            WHERE e.payment_intent_id IS NOT NULL AND p.direction = 'debit'
                AND e.kind <> 'movement'
                AND ($1::uuid IS NULL OR e.merchant_id = $1)
            GROUP BY e.merchant_id, e.sequence, p.currency
        ), booked AS (
            SELECT merchant_id, intent_id, count(*) FILTER (WHERE kind = 'capture') AS captures,
                least(coalesce(sum(amount) FILTER (WHERE kind = 'capture'), 0),
                    9223372036854775807)::bigint AS captured,
                least(coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0)
                    - coalesce(sum(amount) FILTER (WHERE kind = 'reversal'), 0),
                    9223372036854775807)::bigint AS refunded,
                count(*) - count(DISTINCT (kind, source)) AS doubled, min(currency) AS low,
                    max(currency) AS high
            FROM entry GROUP BY merchant_id, intent_id
        ), intent AS (
            SELECT merchant_id, id AS intent_id, status, currency, amount_captured, amount_refunded
            FROM payment_intents WHERE $1::uuid IS NULL OR merchant_id = $1
        )
        SELECT merchant_id AS "merchant_id!", intent_id AS "intent_id!", i.status AS "status?",
            i.currency AS "currency?",
            i.amount_captured AS "amount_captured?", i.amount_refunded AS "amount_refunded?",
                coalesce(b.captures, 0) AS "captures!",
            coalesce(b.captured, 0) AS "captured!", coalesce(b.refunded, 0) AS "refunded!",
            coalesce(b.low <> i.currency OR b.high <> i.currency, false) AS "foreign!",
            coalesce(b.doubled, 0) AS "doubled!"
        FROM intent i FULL JOIN booked b USING (merchant_id, intent_id)
        WHERE i.status IS NULL OR b.doubled > 0 OR b.low <> i.currency OR b.high <> i.currency
            OR coalesce(b.captures, 0) <> (i.status = 'succeeded')::int
            OR coalesce(b.captured, 0) <> i.amount_captured
                OR coalesce(b.refunded, 0) <> i.amount_refunded
        ORDER BY merchant_id, intent_id LIMIT 1000"#,
        only
    );
    rows.fetch_all(db).await
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

/// Payment intents whose refunds do not add up to what they say.
pub(super) async fn intent_refunds(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Vec<IntentRefunds>, sqlx::Error> {
    let rows = sqlx::query_as!(
        IntentRefunds,
        r#"-- verify.intent_refunds
        WITH refund AS (
            SELECT merchant_id, payment_intent_id,
                least(coalesce(sum(amount) FILTER (WHERE status = 'succeeded'), 0),
                9223372036854775807)::bigint AS succeeded,
                least(coalesce(sum(amount) FILTER (WHERE status = 'pending'), 0),
                    9223372036854775807)::bigint AS pending, min(currency) AS low,
                    max(currency) AS high
            FROM refunds WHERE $1::uuid IS NULL OR merchant_id = $1
                GROUP BY merchant_id, payment_intent_id
        )
        SELECT i.merchant_id, i.id AS intent_id, i.currency, i.amount_refunded, i.amount_refunding,
            coalesce(r.succeeded, 0) AS "succeeded!", coalesce(r.pending, 0) AS "pending!",
            coalesce(r.low <> i.currency OR r.high <> i.currency, false) AS "foreign!"
        FROM payment_intents i LEFT JOIN refund r ON r.merchant_id = i.merchant_id
            AND r.payment_intent_id = i.id
        WHERE ($1::uuid IS NULL OR i.merchant_id = $1)
            AND (coalesce(r.succeeded, 0) <> i.amount_refunded
            OR coalesce(r.pending, 0) <> i.amount_refunding OR r.low <> i.currency
                OR r.high <> i.currency)
        ORDER BY i.merchant_id, i.id LIMIT 1000"#,
        only
    );
    rows.fetch_all(db).await
}

/// A payment intent beside its attempts.
#[derive(Clone, Debug)]
pub(super) struct IntentAttempts {
    /// Whose intent.
    pub merchant_id: Uuid,
    /// The intent.
    pub intent_id: Uuid,
    /// Its status.
    pub status: String,
    /// Its currency.
    pub currency: String,
    /// What it says was held or taken by the rail.
    pub amount_authorized: i64,
    /// What it says was captured.
    pub amount_captured: i64,
    /// What it says was refunded.
    pub amount_refunded: i64,
    /// What its charges that succeeded hold or took, unless it was let go.
    pub authorized: i64,
    /// What its attempts that succeeded took.
    pub captured: i64,
    /// What they gave back.
    pub refunded: i64,
    /// How much is asked for.
    pub amount: i64,
    /// What its charges ask for: the least and the most.
    pub asked: Vec<i64>,
    /// Whether an attempt is in another currency.
    pub foreign: bool,
    /// The status of the attempt that it waits for.
    pub open: Option<String>,
}

/// Payment intents that do not say what their attempts say.
pub(super) async fn intent_attempts(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Vec<IntentAttempts>, sqlx::Error> {
    let rows = sqlx::query_as!(
        IntentAttempts,
        r#"-- verify.intent_attempts
        WITH attempt AS (
            -- What is about a movement is of its amount: less than was asked for, where somebody
            -- took that as the payment.
            SELECT merchant_id, intent_id,
                min(currency) FILTER (WHERE movement_id IS NULL) AS low,
                max(currency) FILTER (WHERE movement_id IS NULL) AS high,
                min(amount) FILTER (WHERE kind = 'charge' AND movement_id IS NULL) AS asked_least,
                max(amount) FILTER (WHERE kind = 'charge' AND movement_id IS NULL) AS asked_most,
                sum(amount) FILTER (WHERE kind = 'charge' AND status IN ('succeeded', 'reversed'))
                    AS charged,
                sum(amount) FILTER (WHERE status IN ('succeeded', 'reversed')
                    AND (kind = 'capture' OR kind = 'charge' AND movement_id IS NOT NULL))
                    AS captured,
                sum(amount) FILTER (WHERE kind = 'refund' AND status = 'succeeded'
                    AND refund_id IS NOT NULL) AS refunded
            FROM attempts WHERE $1::uuid IS NULL OR merchant_id = $1 GROUP BY merchant_id, intent_id
        ), moved AS (
            SELECT i.merchant_id, i.id AS intent_id, i.status, i.currency, i.amount,
                coalesce(a.asked_least, i.amount) AS asked_least,
                    coalesce(a.asked_most, i.amount) AS asked_most,
                i.amount_authorized,
                i.amount_captured, i.amount_refunded, i.open_attempt_id,
                CASE WHEN i.status = 'canceled' THEN 0 ELSE coalesce(a.charged,
                    0) END AS authorized,
                coalesce(CASE WHEN i.capture_method = 'automatic' THEN a.charged ELSE a.captured
                    END, 0)
                    AS captured,
                coalesce(a.refunded, 0) AS refunded,
                coalesce(a.low <> i.currency OR a.high <> i.currency, false) AS mixed
            FROM payment_intents i
            LEFT JOIN attempt a ON a.merchant_id = i.merchant_id AND a.intent_id = i.id
            WHERE $1::uuid IS NULL OR i.merchant_id = $1
        )
        SELECT m.merchant_id, m.intent_id, m.status, m.currency, m.amount_authorized,
            m.amount_captured, m.amount_refunded,
            least(m.authorized, 9223372036854775807)::bigint AS "authorized!",
            least(m.captured, 9223372036854775807)::bigint AS "captured!",
            least(m.refunded, 9223372036854775807)::bigint AS "refunded!",
            m.amount, ARRAY[m.asked_least, m.asked_most] AS "asked!",
            m.mixed AS "foreign!", o.status AS "open?"
        FROM moved m
        LEFT JOIN attempts o ON o.merchant_id = m.merchant_id AND o.id = m.open_attempt_id
        WHERE m.mixed OR m.asked_least <> m.amount OR m.asked_most <> m.amount
            OR m.authorized <> m.amount_authorized OR m.captured <> m.amount_captured
            OR m.refunded <> m.amount_refunded
            OR (m.status IN ('processing', 'requires_action'))
                <> coalesce(o.status NOT IN ('succeeded', 'failed', 'closed', 'reversed'), false)
        ORDER BY m.merchant_id, m.intent_id LIMIT 1000"#,
        only
    );
    rows.fetch_all(db).await
}

/// A refund beside its attempts.
#[derive(Clone, Debug)]
pub(super) struct RefundAttempts {
    /// Whose refund.
    pub merchant_id: Uuid,
    /// The refund.
    pub refund_id: Uuid,
    /// Its status.
    pub status: String,
    /// How much, in minor units.
    pub amount: i64,
    /// Of which currency.
    pub currency: String,
    /// How many of its attempts succeeded.
    pub succeeded: i64,
    /// How many are not final.
    pub open: i64,
    /// What its attempts ask for at most.
    pub asked: Option<i64>,
}

/// Refunds that do not say what their attempts say.
pub(super) async fn refund_attempts(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Vec<RefundAttempts>, sqlx::Error> {
    let rows = sqlx::query_as!(
        RefundAttempts,
        r#"-- verify.refund_attempts
        WITH attempt AS (
            SELECT merchant_id, refund_id, max(amount) AS asked,
                count(*) FILTER (WHERE status = 'succeeded') AS succeeded,
                count(*) FILTER (WHERE status NOT IN ('succeeded', 'failed', 'closed',
                    'reversed')) AS open
            FROM attempts WHERE refund_id IS NOT NULL AND ($1::uuid IS NULL OR merchant_id = $1)
            GROUP BY merchant_id, refund_id
        )
        SELECT r.merchant_id, r.id AS refund_id, r.status, r.amount, r.currency,
            coalesce(a.succeeded, 0) AS "succeeded!", coalesce(a.open, 0) AS "open!", a.asked
        FROM refunds r LEFT JOIN attempt a ON a.merchant_id = r.merchant_id AND a.refund_id = r.id
        WHERE ($1::uuid IS NULL OR r.merchant_id = $1) AND (a.asked IS DISTINCT FROM r.amount
            OR coalesce(a.succeeded, 0) <> (r.status = 'succeeded')::int
            OR (r.status = 'pending') <> (coalesce(a.open, 0) > 0))
        ORDER BY r.merchant_id, r.id LIMIT 1000"#,
        only
    );
    rows.fetch_all(db).await
}

/// A payment intent beside its events.
#[derive(Clone, Debug)]
pub(super) struct IntentEvents {
    /// Whose intent.
    pub merchant_id: Uuid,
    /// The intent.
    pub intent_id: Uuid,
    /// Its status.
    pub status: String,
    /// How many events it says it has had.
    pub event_sequence: i32,
    /// How many there are.
    pub count: i64,
    /// How many places they have in its sequence.
    pub places: i64,
    /// The last of these.
    pub last: i32,
    /// The words of its end that events tell.
    pub ends: String,
    /// How many refunds events tell of: made, succeeded, failed.
    pub refunds_told: Vec<i64>,
    /// How many there are.
    pub refunds: Vec<i64>,
}

/// Payment intents that do not say what their events say.
pub(super) async fn intent_events(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Vec<IntentEvents>, sqlx::Error> {
    let rows = sqlx::query_as!(
        IntentEvents,
        r#"-- verify.intent_events
        WITH told AS (
            SELECT merchant_id, intent_id, count(*) AS count,
                count(DISTINCT intent_sequence) AS places,
                max(intent_sequence) AS last,
                string_agg(substr(type, 16),
                    ', ') FILTER (WHERE type IN ('payment_intent.succeeded',
                    'payment_intent.canceled', 'payment_intent.expired')) AS ends,
                ARRAY[count(*) FILTER (WHERE type = 'refund.created'),
                    count(*) FILTER (WHERE type = 'refund.succeeded'),
                    count(*) FILTER (WHERE type = 'refund.failed')] AS refunds
            FROM events WHERE intent_id IS NOT NULL AND ($1::uuid IS NULL OR merchant_id = $1)
            GROUP BY merchant_id, intent_id
        ), refund AS (
            -- One that came back had succeeded.
            SELECT r.merchant_id, r.payment_intent_id, ARRAY[count(*),
                count(*) FILTER (WHERE r.status = 'succeeded' OR a.id IS NOT NULL),
                count(*) FILTER (WHERE r.status = 'failed')] AS refunds
            FROM refunds r
            LEFT JOIN attempts a ON a.merchant_id = r.merchant_id AND a.refund_id = r.id
                AND a.status = 'reversed'
            WHERE $1::uuid IS NULL OR r.merchant_id = $1
            GROUP BY r.merchant_id, r.payment_intent_id
        )
        SELECT i.merchant_id, i.id AS intent_id, i.status, i.event_sequence,
            coalesce(t.count, 0) AS "count!", coalesce(t.places, 0) AS "places!",
            coalesce(t.last, 0) AS "last!", coalesce(t.ends, '') AS "ends!",
            coalesce(t.refunds, '{0,0,0}') AS "refunds_told!",
                coalesce(r.refunds, '{0,0,0}') AS "refunds!"
        FROM payment_intents i
        LEFT JOIN told t ON t.merchant_id = i.merchant_id AND t.intent_id = i.id
        LEFT JOIN refund r ON r.merchant_id = i.merchant_id AND r.payment_intent_id = i.id
        WHERE ($1::uuid IS NULL OR i.merchant_id = $1) AND (coalesce(t.count, 0) <> i.event_sequence
            OR coalesce(t.places, 0) <> i.event_sequence OR coalesce(t.last, 0) <> i.event_sequence
            OR coalesce(t.ends, '') <> CASE WHEN i.status IN ('succeeded', 'canceled', 'expired')
                THEN i.status ELSE '' END
            OR coalesce(t.refunds, '{0,0,0}') <> coalesce(r.refunds, '{0,0,0}'))
        ORDER BY i.merchant_id, i.id LIMIT 1000"#,
        only
    );
    rows.fetch_all(db).await
}

/// An entry that tells something else of its payment intent than the intent does.
#[derive(Clone, Debug)]
pub(super) struct EntryOrigin {
    /// Whose entry.
    pub merchant_id: Uuid,
    /// The payment intent.
    pub intent_id: Uuid,
    /// The entry's sequence.
    pub sequence: i64,
    /// What differs.
    pub field: String,
}

/// Entries that tell something else of their payment intents than those do. What an entry keeps of
/// an intent cannot change any more: that is open no longer.
pub(super) async fn entry_origins(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Vec<EntryOrigin>, sqlx::Error> {
    let rows = sqlx::query_as!(
        EntryOrigin,
        r#"-- verify.entry_origins
        SELECT d.merchant_id, d.intent_id AS "intent_id!", d.sequence, d.field AS "field!" FROM (
            SELECT e.merchant_id, i.id AS intent_id, e.sequence, CASE
                WHEN e.reference IS DISTINCT FROM i.reference THEN 'reference'
                WHEN e.description IS DISTINCT FROM i.description THEN 'description'
                WHEN e.payment_link_id IS DISTINCT FROM i.payment_link_id THEN 'payment_link'
                WHEN e.kind <> 'movement' AND e.rail IS DISTINCT FROM i.rail THEN 'rail'
                WHEN e.payment_method <> c.payment_method THEN 'payment_method'
                WHEN jsonb_strip_nulls(e.thread) - 'message'
                    IS DISTINCT FROM jsonb_strip_nulls(i.thread) - 'user' - 'message' THEN 'thread'
                WHEN e.kind = 'capture' AND e.tip IS DISTINCT
                    FROM least(i.tip, CASE WHEN i.tip IS NOT NULL
                    THEN i.amount_captured END) THEN 'tip'
                END AS field
            FROM journal_entries e
            JOIN payment_intents i ON i.merchant_id = e.merchant_id AND i.id = e.payment_intent_id
            LEFT JOIN attempts c ON c.merchant_id = i.merchant_id AND c.id = i.charge_attempt_id
            WHERE e.hash_version > 1 AND ($1::uuid IS NULL OR e.merchant_id = $1)
        ) d
        WHERE d.field IS NOT NULL ORDER BY d.merchant_id, d.sequence LIMIT 1000"#,
        only
    );
    rows.fetch_all(db).await
}
