//! SQL of movements beside the journal. Each statement gives what is not right, of one merchant or of
//! all.

use sqlx::PgConnection;
use uuid::Uuid;

/// A movement and an entry that it names and that does not fit.
#[derive(Clone, Debug)]
pub(super) struct BookedMovement {
    /// Whose movement.
    pub merchant_id: Uuid,
    /// The movement.
    pub movement_id: Uuid,
    /// The entry that booked it to suspense, or took it out.
    pub entry_id: Uuid,
    /// Whether there is such an entry.
    pub is_booked: bool,
    /// Whether the payment intent that it names is there.
    pub has_intent: bool,
}

/// Movements whose entries do not say what they say.
pub(super) async fn movements(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Vec<BookedMovement>, sqlx::Error> {
    let rows = sqlx::query_as!(
        BookedMovement,
        r#"-- verify.movements
        WITH named AS (
            SELECT merchant_id, id, payment_intent_id, amount, currency, entry_id,
                CASE direction WHEN 'in' THEN 'credit' ELSE 'debit' END AS side
            FROM movements WHERE $1::uuid IS NULL OR merchant_id = $1
            UNION ALL
            SELECT merchant_id, id, payment_intent_id, amount, currency, resolution_entry_id,
                CASE direction WHEN 'in' THEN 'debit' ELSE 'credit' END
            FROM movements WHERE resolution_entry_id IS NOT NULL
                AND ($1::uuid IS NULL OR merchant_id = $1)
        ), found AS (
            SELECT n.merchant_id, n.id, n.entry_id, e.id IS NOT NULL AS is_booked,
                n.payment_intent_id IS NULL OR i.id IS NOT NULL AS has_intent,
                p.line IS NOT NULL AS fits
            FROM named n
            LEFT JOIN journal_entries e ON e.merchant_id = n.merchant_id AND e.id = n.entry_id
            LEFT JOIN postings p ON p.merchant_id = e.merchant_id AND p.entry_sequence = e.sequence
                AND p.account = 'suspense' AND p.direction = n.side AND p.amount = n.amount
                AND p.currency = n.currency
            LEFT JOIN payment_intents i ON i.merchant_id = n.merchant_id
                AND i.id = n.payment_intent_id
        )
        SELECT merchant_id AS "merchant_id!", id AS "movement_id!", entry_id AS "entry_id!",
            is_booked AS "is_booked!", has_intent AS "has_intent!"
        FROM found WHERE NOT (is_booked AND has_intent AND fits)
        ORDER BY merchant_id, id LIMIT 1000"#,
        only
    );
    rows.fetch_all(db).await
}

/// An entry of a movement that is not there.
#[derive(Clone, Debug)]
pub(super) struct StrangeEntry {
    /// Whose entry.
    pub merchant_id: Uuid,
    /// Its sequence.
    pub sequence: i64,
}

/// Entries of movements that are not there.
pub(super) async fn strange_entries(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Vec<StrangeEntry>, sqlx::Error> {
    let rows = sqlx::query_as!(
        StrangeEntry,
        "-- verify.strange_movements
        SELECT e.merchant_id, e.sequence FROM journal_entries e
        WHERE e.kind = 'movement' AND ($1::uuid IS NULL OR e.merchant_id = $1)
            AND NOT EXISTS (SELECT FROM movements m
                WHERE m.merchant_id = e.merchant_id AND m.entry_id = e.id)
            AND NOT EXISTS (SELECT FROM movements m
                WHERE m.merchant_id = e.merchant_id AND m.resolution_entry_id = e.id)
        ORDER BY e.merchant_id, e.sequence LIMIT 1000",
        only
    );
    rows.fetch_all(db).await
}

/// What is in suspense and what should be.
#[derive(Clone, Debug)]
pub(super) struct Suspense {
    /// Whose books.
    pub merchant_id: Uuid,
    /// ISO 4217 code.
    pub currency: String,
    /// What is there, in minor units; not counted what was booked by hand.
    pub held: String,
    /// The sum of movements that are not resolved.
    pub open: String,
}

/// Suspense that is not the sum of the movements that are not resolved.
pub(super) async fn suspense(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Vec<Suspense>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Suspense,
        r#"-- verify.suspense
        WITH held AS (
            SELECT p.merchant_id, p.currency,
                sum(CASE p.direction WHEN 'credit' THEN p.amount ELSE -p.amount END) AS amount
            FROM postings p
            JOIN journal_entries e ON e.merchant_id = p.merchant_id
                AND e.sequence = p.entry_sequence
            WHERE p.account = 'suspense' AND e.kind <> 'adjustment'
                AND ($1::uuid IS NULL OR p.merchant_id = $1)
            GROUP BY p.merchant_id, p.currency
        ), open AS (
            SELECT merchant_id, currency,
                sum(CASE direction WHEN 'in' THEN amount ELSE -amount END) AS amount
            FROM movements
            WHERE resolution_entry_id IS NULL AND ($1::uuid IS NULL OR merchant_id = $1)
            GROUP BY merchant_id, currency
        )
        SELECT merchant_id AS "merchant_id!", currency AS "currency!",
            coalesce(h.amount, 0)::text AS "held!", coalesce(o.amount, 0)::text AS "open!"
        FROM held h FULL JOIN open o USING (merchant_id, currency)
        WHERE coalesce(h.amount, 0) <> coalesce(o.amount, 0)
        ORDER BY merchant_id, currency LIMIT 1000"#,
        only
    );
    rows.fetch_all(db).await
}
