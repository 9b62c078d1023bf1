-- writer.load
SELECT 'books' AS "part!", merchant_id AS "merchant_id!",
    mode, entry_sequence, entry_hash, event_sequence, booked_at, clock_offset,
    NULL::text AS account, NULL::text AS currency, NULL::text AS debits, NULL::text AS credits,
    NULL::text AS key, NULL::bytea AS fingerprint, NULL::smallint AS answer_status,
        NULL::bytea AS answer,
    NULL::uuid AS endpoint_id, NULL::uuid AS intent_id,
    NULL::text AS url, NULL::text[] AS event_types, NULL::text AS description,
        NULL::text AS status, NULL::text AS disabled_reason,
    NULL::text AS ordering, NULL::boolean AS stripe_signature, NULL::bytea AS public_key,
        NULL::text AS created_by, NULL::timestamptz AS created_at, NULL::timestamptz AS updated_at
FROM books JOIN merchants USING (merchant_id) WHERE merchant_id = ANY($1)
UNION ALL
SELECT 'balance', b.merchant_id,
    NULL, NULL, NULL, NULL, NULL, NULL,
    b.account, b.currency, coalesce(b.debits_wide, b.debits)::text,
    coalesce(b.credits_wide, b.credits)::text,
    NULL, NULL, NULL, NULL,
    NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM (SELECT UNNEST($2::uuid[]) AS merchant_id, UNNEST($3::text[]) AS account,
    UNNEST($4::text[]) AS currency) u
CROSS JOIN LATERAL (SELECT b.merchant_id, b.account, b.currency, b.debits, b.debits_wide,
    b.credits, b.credits_wide FROM balances b
    WHERE b.merchant_id = u.merchant_id AND b.account = u.account AND b.currency = u.currency
        LIMIT 1) b
UNION ALL
SELECT 'key', k.merchant_id,
    NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL,
    k.key, k.fingerprint, k.status, k.answer,
    NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM (SELECT UNNEST($5::uuid[]) AS merchant_id, UNNEST($6::text[]) AS key) u
CROSS JOIN LATERAL (SELECT k.merchant_id, k.key, k.fingerprint, k.status, k.answer
    FROM idempotency_keys k WHERE k.merchant_id = u.merchant_id AND k.key = u.key LIMIT 1) k
UNION ALL
SELECT 'endpoint', merchant_id,
    NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL,
    id, NULL,
    url, event_types, description, status, disabled_reason, ordering, stripe_signature, public_key,
        created_by, created_at, updated_at
FROM callback_endpoints WHERE merchant_id = ANY($1) AND deleted_at IS NULL
UNION ALL
SELECT 'owed', u.merchant_id,
    NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL,
    e.id, u.id,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM (SELECT UNNEST($7::uuid[]) AS merchant_id, UNNEST($8::uuid[]) AS id) u
CROSS JOIN LATERAL (SELECT e.id FROM callback_endpoints e WHERE e.merchant_id = u.merchant_id
    AND e.deleted_at IS NULL OFFSET 0) e
CROSS JOIN LATERAL (SELECT FROM deliveries d
    WHERE d.endpoint_id = e.id AND d.intent_id = u.id AND d.status IN ('pending', 'held') LIMIT 1) d
