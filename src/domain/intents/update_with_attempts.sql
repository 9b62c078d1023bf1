-- intents.update_with_attempts
-- new attempts: $1..$24
WITH attempt AS (
    INSERT INTO attempts (
        merchant_id, id, intent_id, refund_id, charge_id, movement_id, kind, status, rail,
        payment_method, amount, currency, decline_code, idempotency_key, key_fingerprint,
        ask_at, created_at, updated_at,
        rail_account_id, rail_reference, next_action, expires_at, external_id,
        request
    )
    SELECT
        UNNEST($1::uuid[]), UNNEST($2::uuid[]), UNNEST($3::uuid[]), UNNEST($4::uuid[]),
        UNNEST($5::uuid[]), UNNEST($6::uuid[]),
        UNNEST($7::text[]), UNNEST($8::text[]), UNNEST($9::text[]), UNNEST($10::text[]),
        UNNEST($11::bigint[]), UNNEST($12::text[]), UNNEST($13::text[]), UNNEST($14::text[]),
        UNNEST($15::bytea[]),
        UNNEST($16::timestamptz[]), UNNEST($17::timestamptz[]), UNNEST($18::timestamptz[]),
        UNNEST($19::uuid[]), UNNEST($20::text[]), UNNEST($21::text[])::jsonb,
        UNNEST($22::timestamptz[]), UNNEST($23::text[]), UNNEST($24::text[])
)
-- intents that change: $25..$42
UPDATE payment_intents i SET
    status = u.status,
    amount_authorized = u.authorized,
    amount_captured = u.captured,
    amount_refunded = u.refunded,
    amount_refunding = u.refunding,
    open_attempt_id = u.attempt,
    open_attempt_kind = u.kind,
    charge_attempt_id = u.charge,
    rail = u.rail,
    rail_account_id = u.account,
    payment_method = u.method,
    last_error = u.error::jsonb,
    attempts_blocked_until = u.blocked,
    cancellation_reason = u.reason,
    event_sequence = u.sequence,
    updated_at = u.updated_at
FROM (
    SELECT
        UNNEST($25::uuid[]) AS merchant_id,
        UNNEST($26::uuid[]) AS id,
        UNNEST($27::text[]) AS status,
        UNNEST($28::bigint[]) AS authorized,
        UNNEST($29::bigint[]) AS captured,
        UNNEST($30::bigint[]) AS refunded,
        UNNEST($31::bigint[]) AS refunding,
        UNNEST($32::uuid[]) AS attempt,
        UNNEST($33::text[]) AS kind,
        UNNEST($34::uuid[]) AS charge,
        UNNEST($35::text[]) AS error,
        UNNEST($36::timestamptz[]) AS blocked,
        UNNEST($37::text[]) AS reason,
        UNNEST($38::integer[]) AS sequence,
        UNNEST($39::timestamptz[]) AS updated_at,
        UNNEST($40::text[]) AS rail,
        UNNEST($41::uuid[]) AS account,
        UNNEST($42::text[]) AS method
) u
CROSS JOIN LATERAL (
    SELECT f.ctid AS row FROM payment_intents f
    WHERE f.merchant_id = u.merchant_id AND f.id = u.id
    LIMIT 1
) f
WHERE i.ctid = f.row
