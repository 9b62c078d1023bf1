-- intents.load
-- names: $1..$2
-- Whether the merchants' clocks are wanted, too: $3.
SELECT
    i.merchant_id,
    i.id,
    i.status,
    i.currency,
    i.amount,
    i.amount_authorized,
    i.amount_captured,
    i.amount_refunded,
    i.amount_refunding,
    i.tip,
    i.capture_method,
    i.description,
    i.reference,
    i.thread AS "thread: Stored<Thread>",
    i.line_items AS "line_items: Stored<Vec<StoredLine>>",
    i.metadata AS "metadata: Stored<BTreeMap<String, String>>",
    i.rails AS "rails: Stored<Vec<Rail>>",
    i.rail,
    i.rail_account_id,
    i.payment_method,
    a.next_action AS "next_action?: Stored<NextAction>",
    i.payment_link_id,
    i.open_attempt_id,
    i.open_attempt_kind,
    i.charge_attempt_id,
    i.last_error AS "last_error: Stored<LastError>",
    i.attempts_blocked_until,
    i.cancellation_reason,
    i.event_sequence,
    i.expires_at,
    i.created_at,
    i.updated_at,
    (SELECT b.clock_offset FROM books b WHERE $3 AND b.merchant_id = i.merchant_id)
FROM (
    SELECT
        UNNEST($1::uuid[]) AS merchant_id,
        UNNEST($2::uuid[]) AS id
) u
CROSS JOIN LATERAL (
    SELECT f.ctid AS row FROM payment_intents f
    WHERE f.merchant_id = u.merchant_id AND f.id = u.id
    LIMIT 1
) f
JOIN payment_intents i ON i.ctid = f.row
LEFT JOIN LATERAL (
    SELECT f.next_action FROM attempts f
    WHERE f.merchant_id = i.merchant_id AND f.id = i.open_attempt_id
    LIMIT 1
) a ON true
