//! SQL of how payment intents came to their status.

use sqlx::PgConnection;
use uuid::Uuid;

/// A payment intent with a status that nothing brought it to.
#[derive(Clone, Debug)]
pub(super) struct Course {
    /// Whose intent.
    pub merchant_id: Uuid,
    /// The intent.
    pub intent_id: Uuid,
    /// Its status.
    pub status: String,
    /// Its currency.
    pub currency: String,
    /// The last of its events that tells of a status.
    pub last_event: Option<String>,
    /// Whether that one tells of another status.
    pub is_untold: bool,
    /// The status of the attempt that it waits for.
    pub open: Option<String>,
    /// Whether this one waits for something else.
    pub waits_otherwise: bool,
    /// How many of its attempts failed, other than to give back.
    pub failed: i64,
    /// How many of these events tell of.
    pub failures_told: i64,
    /// What its charges took or hold.
    pub charged: i64,
    /// What was let go of it.
    pub voided: i64,
}

/// Payment intents with a status that nothing brought them to. While a rail is asked an intent is
/// `processing` and no event tells; the ends are counted elsewhere.
pub(super) async fn intents(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Vec<Course>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Course,
        r#"-- verify.intent_course
        WITH told AS (
            SELECT merchant_id, intent_id,
                (array_agg(type ORDER BY intent_sequence DESC))[1] AS last_event,
                count(*) FILTER (WHERE type = 'payment_intent.payment_failed') AS failures
            FROM events
            WHERE type IN ('payment_intent.created', 'payment_intent.processing',
                    'payment_intent.requires_action', 'payment_intent.requires_payment',
                    'payment_intent.requires_capture',
                    'payment_intent.payment_failed', 'payment_intent.succeeded',
                    'payment_intent.canceled', 'payment_intent.expired')
                AND ($1::uuid IS NULL OR merchant_id = $1)
            GROUP BY merchant_id, intent_id
        ), attempt AS (
            -- Not the voids that let go of what charges hold that paid for nothing.
            SELECT a.merchant_id, a.intent_id,
                count(*) FILTER (WHERE a.status = 'failed'
                    AND a.kind IN ('charge', 'capture', 'void')) AS failed,
                sum(a.amount) FILTER (WHERE a.kind = 'charge'
                    AND a.status IN ('succeeded', 'reversed')) AS charged,
                sum(a.amount) FILTER (WHERE a.status = 'succeeded' AND a.kind = 'void') AS voided
            FROM attempts a
            LEFT JOIN attempts c ON c.merchant_id = a.merchant_id AND c.id = a.charge_id
                AND c.released_by = a.id
            WHERE c.id IS NULL AND ($1::uuid IS NULL OR a.merchant_id = $1)
            GROUP BY a.merchant_id, a.intent_id
        ), course AS (
            SELECT i.merchant_id, i.id AS intent_id, i.status, i.currency, i.capture_method,
                t.last_event,
                coalesce(CASE i.status
                    WHEN 'requires_payment' THEN t.last_event NOT IN ('payment_intent.created',
                        'payment_intent.requires_payment', 'payment_intent.payment_failed')
                    WHEN 'requires_action' THEN t.last_event <> 'payment_intent.requires_action'
                    WHEN 'requires_capture' THEN t.last_event NOT IN (
                        'payment_intent.requires_capture', 'payment_intent.payment_failed')
                END AND t.last_event NOT IN ('payment_intent.succeeded', 'payment_intent.canceled',
                    'payment_intent.expired'), false) AS is_untold,
                o.status AS open,
                coalesce(o.kind = 'charge' AND i.status IN ('processing', 'requires_action')
                    AND (i.status = 'requires_action') <> (o.status = 'requires_action'),
                    false) AS waits_otherwise,
                coalesce(a.failed, 0) AS failed, coalesce(t.failures, 0) AS failures_told,
                coalesce(a.charged, 0) AS charged, coalesce(a.voided, 0) AS voided
            FROM payment_intents i
            LEFT JOIN told t ON t.merchant_id = i.merchant_id AND t.intent_id = i.id
            LEFT JOIN attempt a ON a.merchant_id = i.merchant_id AND a.intent_id = i.id
            LEFT JOIN attempts o ON o.merchant_id = i.merchant_id AND o.id = i.open_attempt_id
            WHERE $1::uuid IS NULL OR i.merchant_id = $1
        )
        SELECT merchant_id, intent_id, status, currency, last_event, is_untold AS "is_untold!",
            open AS "open?", waits_otherwise AS "waits_otherwise!", failed AS "failed!",
            failures_told AS "failures_told!",
            least(charged, 9223372036854775807)::bigint AS "charged!",
            least(voided, 9223372036854775807)::bigint AS "voided!"
        FROM course
        WHERE is_untold OR waits_otherwise OR failed <> failures_told
            OR voided <> CASE WHEN status = 'canceled' THEN charged ELSE 0 END
            OR status = 'requires_payment' AND capture_method = 'manual' AND charged > 0
            OR status = 'requires_capture' AND charged = 0
        ORDER BY merchant_id, intent_id LIMIT 1000"#,
        only
    );
    rows.fetch_all(db).await
}
