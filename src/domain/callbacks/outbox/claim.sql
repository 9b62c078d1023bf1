-- outbox.claim
WITH ready AS MATERIALIZED (
    SELECT w.merchant_id, w.endpoint_id, e.url, e.ordering, e.stripe_signature, e.updated_at,
        s.sealed, h.in_flight_limit, h.failures, h.failing_since, h.paused_until, h.pauses,
        f.under_way = 0 AS idle, m.room,
        least(m.room, greatest(0, CASE WHEN h.paused_until IS NULL
            THEN coalesce(h.in_flight_limit, $5) ELSE 1 END - f.under_way)) AS free
    FROM (
        SELECT x.merchant_id, x.endpoint_id FROM waiting_endpoints x CROSS JOIN LATERAL (
            SELECT FROM deliveries d
            WHERE d.endpoint_id = x.endpoint_id AND d.status = 'pending' AND d.due_at <= $2 LIMIT 1
        ) d
        WHERE x.at <= $2 ORDER BY uuid_hash_extended(x.endpoint_id, $7)
    ) w LEFT JOIN LATERAL (
        SELECT x.in_flight_limit, x.failures, x.failing_since, x.paused_until, x.pauses
        FROM endpoint_health x
        WHERE x.merchant_id = w.merchant_id AND x.endpoint_id = w.endpoint_id
            AND x.updated_at >= (
                SELECT c.updated_at FROM callback_endpoints c
                WHERE c.merchant_id = w.merchant_id AND c.id = w.endpoint_id)
        LIMIT 1
    ) h ON true CROSS JOIN LATERAL (
        SELECT c.url, c.ordering, c.stripe_signature, c.updated_at FROM callback_endpoints c
        WHERE c.merchant_id = w.merchant_id AND c.id = w.endpoint_id
            AND c.status = 'enabled' AND c.deleted_at IS NULL
            AND coalesce(h.paused_until <= $2, true)
        LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
    ) e CROSS JOIN LATERAL (
        SELECT count(*)::integer AS under_way FROM deliveries f
        WHERE f.endpoint_id = w.endpoint_id AND f.status = 'pending'
            AND f.lease_id IS NOT NULL AND f.due_at > $2 AND f.due_at <= $3
    ) f CROSS JOIN LATERAL (
        SELECT array_agg(k.sealed ORDER BY k.number DESC) AS sealed
        FROM endpoint_secrets k
        WHERE k.merchant_id = w.merchant_id AND k.endpoint_id = w.endpoint_id
            AND (k.expires_at IS NULL OR k.expires_at > $2)
    ) s CROSS JOIN LATERAL (
        -- What is left of its merchant's share of this dispatcher.
        SELECT coalesce(min(u.room), $9::bigint) AS room
        FROM UNNEST($10::uuid[], $11::bigint[]) AS u (merchant_id, room)
        WHERE u.merchant_id = w.merchant_id
    ) m
    LIMIT greatest($4::bigint, 64)
), share AS (
    -- What each endpoint may get, that all together get no more than there are places.
    SELECT greatest(1, $4::bigint / greatest(1, count(*))) AS share FROM ready
), due AS MATERIALIZED (
    SELECT r.merchant_id, r.endpoint_id, r.url, r.stripe_signature, r.updated_at, r.sealed,
        r.in_flight_limit, r.failures, r.failing_since, r.paused_until, r.pauses, r.free, r.room,
        r.idle, d.row, d.due_at, d.event_sequence, b.put_off
    FROM ready r CROSS JOIN share CROSS JOIN LATERAL (
        SELECT x.ctid AS row, x.due_at, x.event_sequence, x.intent_id FROM deliveries x
        WHERE x.endpoint_id = r.endpoint_id AND x.status = 'pending' AND x.due_at <= $2
        ORDER BY x.due_at, x.event_sequence
        LIMIT CASE WHEN r.free > 0
            THEN least(r.free, share.share) + least($6::bigint, 4 * share.share) ELSE 0 END
    ) d LEFT JOIN LATERAL (
        -- While the head is under way, soon; else not before the head itself is due.
        SELECT CASE WHEN p.lease_id IS NOT NULL AND p.due_at > $2 THEN d.due_at
            ELSE least(p.due_at, p.failing_since + interval '15 minutes') END AS put_off
        FROM deliveries p
        WHERE r.ordering <> 'none' AND p.endpoint_id = r.endpoint_id AND p.intent_id = d.intent_id
            -- As a row, or a plan made on a few rows goes by `deliveries_event_key`, past all that
            -- was delivered.
            AND (p.intent_id, p.event_sequence) < (d.intent_id, d.event_sequence)
            AND (p.status = 'held' OR p.status = 'pending' AND coalesce(
                p.failing_since > $2::timestamptz - interval '15 minutes', true))
        ORDER BY p.intent_id, p.event_sequence LIMIT 1
    ) b ON true
), later AS (
    UPDATE deliveries u SET due_at = due.put_off, lease_id = NULL
    FROM due WHERE u.ctid = due.row AND due.put_off > due.due_at
), placed AS (
    SELECT due.row, url, stripe_signature, updated_at, sealed, in_flight_limit, failures,
        failing_since, paused_until, pauses, merchant_id, idle, room, free,
        row_number() OVER (PARTITION BY endpoint_id ORDER BY due_at, event_sequence) AS place
    FROM due WHERE put_off IS NULL
), shared AS (
    -- One of each endpoint before two of any, and no more of a merchant than its share.
    SELECT placed.row, url, stripe_signature, updated_at, sealed, in_flight_limit, failures,
        failing_since, paused_until, pauses, room, place, idle AND place = 1 AS is_first,
        row_number() OVER (PARTITION BY merchant_id ORDER BY place) AS of_merchant
    FROM placed WHERE place <= free
), chosen AS MATERIALIZED (
    SELECT q.row, url, stripe_signature, updated_at, sealed, in_flight_limit, failures,
        failing_since, paused_until, pauses
    FROM (
        SELECT shared.row, url, stripe_signature, updated_at, sealed, in_flight_limit, failures,
            failing_since, paused_until, pauses, place, is_first,
            row_number() OVER (PARTITION BY is_first ORDER BY place) AS of_kind
        FROM shared WHERE of_merchant <= room
    ) q WHERE is_first OR of_kind <= $4::bigint - $8::bigint
    ORDER BY place LIMIT $4::bigint
), claimed AS (
    UPDATE deliveries u
    SET lease_id = $1, due_at = $3, attempts = u.attempts + 1, updated_at = $2
    FROM chosen c WHERE u.ctid = c.row
    RETURNING u.merchant_id, u.id, u.endpoint_id, u.event_sequence, u.attempts,
        u.failures AS failed, c.url, c.stripe_signature, c.updated_at, c.sealed, c.in_flight_limit,
        c.failures, c.failing_since, c.paused_until, c.pauses
)
SELECT w.others_wait AS "others_wait!", c.merchant_id AS "merchant_id?", c.id AS "id?",
    c.endpoint_id AS "endpoint_id?", c.attempts AS "attempts?", c.failed AS "failed?",
    c.url AS "url?", c.stripe_signature AS "stripe_signature?",
    c.updated_at AS "endpoint_updated_at?", c.sealed AS "sealed?",
    c.in_flight_limit AS "in_flight_limit?", c.failures AS "failures?",
    c.failing_since AS "failing_since?", c.paused_until AS "paused_until?",
    c.pauses AS "pauses?", v.id AS "event_id?", v.payload AS "payload?"
-- Also where nothing is claimed, it is said whether something waits.
FROM (
    SELECT (SELECT count(*) FROM ready) >= greatest($4::bigint, 64)
        OR EXISTS (SELECT FROM ready WHERE free = 0)
        OR (SELECT count(*) FROM due) > (SELECT count(*) FROM chosen) AS others_wait
) w LEFT JOIN claimed c ON true LEFT JOIN LATERAL (
    SELECT e.id, e.payload FROM events e
    WHERE e.merchant_id = c.merchant_id AND e.sequence = c.event_sequence LIMIT 1
) v ON true
