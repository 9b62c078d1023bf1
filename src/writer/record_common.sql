-- writer.record_common
-- keys: $1..$6
WITH key AS (
    INSERT INTO idempotency_keys (merchant_id, key, fingerprint, status, answer, created_at)
    SELECT
        UNNEST($1::uuid[]), UNNEST($2::text[]), UNNEST($3::bytea[]),
        UNNEST($4::smallint[]), UNNEST($5::bytea[]), $6
),
-- heads of books: $7..$11
head AS (
    UPDATE books SET
        entry_sequence = u.entry_sequence,
        entry_hash = u.entry_hash,
        event_sequence = u.event_sequence,
        booked_at = u.booked_at
    FROM (
        SELECT
            UNNEST($7::uuid[]) AS merchant_id,
            UNNEST($8::bigint[]) AS entry_sequence,
            UNNEST($9::bytea[]) AS entry_hash,
            UNNEST($10::bigint[]) AS event_sequence,
            UNNEST($11::timestamptz[]) AS booked_at
    ) u
    WHERE books.merchant_id = u.merchant_id
    RETURNING books.merchant_id
),
-- events: $12..$21
event AS (
    INSERT INTO events (
        merchant_id, sequence, id, type, intent_id, intent_sequence,
        conversation, actor, payload, created_at
    )
    SELECT
        UNNEST($12::uuid[]), UNNEST($13::bigint[]), UNNEST($14::uuid[]), UNNEST($15::text[]),
        UNNEST($16::uuid[]), UNNEST($17::integer[]),
        UNNEST($18::text[]), UNNEST($19::text[]), UNNEST($20::bytea[]), UNNEST($21::timestamptz[])
),
-- deliveries: $22..$30
delivery AS (
    INSERT INTO deliveries (
        merchant_id, id, endpoint_id, event_sequence, intent_id, status,
        attempts, lease_id, due_at, created_at, updated_at
    )
    SELECT
        u.merchant_id, u.id, u.endpoint_id, u.event_sequence, u.intent_id,
        CASE WHEN u.held THEN 'held' ELSE 'pending' END,
        (u.lease_id IS NOT NULL)::integer, u.lease_id, u.due_at, u.created_at, u.created_at
    FROM (
        SELECT
            UNNEST($22::uuid[]) AS merchant_id,
            UNNEST($23::uuid[]) AS id,
            UNNEST($24::uuid[]) AS endpoint_id,
            UNNEST($25::bigint[]) AS event_sequence,
            UNNEST($26::uuid[]) AS intent_id,
            UNNEST($27::boolean[]) AS held,
            UNNEST($28::uuid[]) AS lease_id,
            UNNEST($29::timestamptz[]) AS due_at,
            UNNEST($30::timestamptz[]) AS created_at
    ) u
),
-- endpoints that have something to be sent, unless that is known: a row that is there is not locked
waiting AS (
    INSERT INTO waiting_endpoints (merchant_id, endpoint_id, at)
    SELECT u.merchant_id, u.endpoint_id, min(u.at)
    FROM (
        SELECT
            UNNEST($22::uuid[]) AS merchant_id,
            UNNEST($24::uuid[]) AS endpoint_id,
            UNNEST($27::boolean[]) AS held,
            UNNEST($28::uuid[]) AS lease_id,
            UNNEST($29::timestamptz[]) AS at
    ) u
    WHERE NOT u.held AND u.lease_id IS NULL AND NOT EXISTS (
        SELECT FROM waiting_endpoints w
        WHERE w.merchant_id = u.merchant_id AND w.endpoint_id = u.endpoint_id AND w.at <= u.at
    )
    GROUP BY u.merchant_id, u.endpoint_id
    ORDER BY u.merchant_id, u.endpoint_id
    ON CONFLICT (merchant_id, endpoint_id) DO UPDATE
        SET at = least(waiting_endpoints.at, excluded.at)
),
-- tokens of new intents' pages: $31, beside the intents' merchants and ids
token AS (
    INSERT INTO link_tokens (token_hash, merchant_id, intent_id)
    SELECT UNNEST($31::bytea[]), UNNEST($32::uuid[]), UNNEST($33::uuid[])
),
-- new intents: $32..$62
intent AS (
    INSERT INTO payment_intents (
        merchant_id, id, status,
        amount_authorized, amount_captured, amount_refunded, amount_refunding,
        open_attempt_id, open_attempt_kind, charge_attempt_id,
        last_error, attempts_blocked_until, cancellation_reason, event_sequence, updated_at,
        currency, amount, tip, capture_method, description, reference,
        thread, line_items, metadata, rails, payment_link_id,
        expires_at, created_at,
        rail, rail_account_id, payment_method
    )
    SELECT
        UNNEST($32::uuid[]), UNNEST($33::uuid[]), UNNEST($34::text[]),
        UNNEST($35::bigint[]), UNNEST($36::bigint[]), UNNEST($37::bigint[]), UNNEST($38::bigint[]),
        UNNEST($39::uuid[]), UNNEST($40::text[]), UNNEST($41::uuid[]),
        UNNEST($42::text[])::jsonb, UNNEST($43::timestamptz[]), UNNEST($44::text[]),
        UNNEST($45::integer[]), UNNEST($46::timestamptz[]),
        UNNEST($47::text[]), UNNEST($48::bigint[]), UNNEST($49::bigint[]), UNNEST($50::text[]),
        UNNEST($51::text[]), UNNEST($52::text[]),
        UNNEST($53::text[])::jsonb, UNNEST($54::text[])::jsonb, UNNEST($55::text[])::jsonb,
        UNNEST($56::text[])::jsonb, UNNEST($57::uuid[]),
        UNNEST($58::timestamptz[]), UNNEST($59::timestamptz[]),
        UNNEST($60::text[]), UNNEST($61::uuid[]), UNNEST($62::text[])
)
SELECT count(*) AS "heads!" FROM head
