-- intents.list
-- merchant: $1; which page: $2..$4; how many rows to look at: $5
WITH listed AS NOT MATERIALIZED (
    SELECT
        id,
        -- What has no index: $13..$16. The status is the one that is printed: an intent whose time
        -- is over is expired before a worker says so.
        coalesce(
            ($13::text IS NULL OR $13 = CASE
                WHEN status IN ('requires_payment', 'requires_action') AND expires_at <= $14
                    THEN 'expired'
                ELSE status
            END)
            AND ($15::text IS NULL OR thread ->> 'channel' = $15)
            AND ($16::text IS NULL OR thread ->> 'thread' = $16),
            false
        ) AS is_wanted
    FROM payment_intents
    -- What has an index: $6..$12, ids in the order of time.
    WHERE merchant_id = $1
        AND ($6::text IS NULL OR reference = $6)
        AND ($7::uuid IS NULL OR payment_link_id = $7)
        AND ($8::text IS NULL OR (thread IS NOT NULL AND thread ->> 'conversation' = $8))
        AND ($9::timestamptz IS NULL OR created_at >= $9)
        AND ($10::timestamptz IS NULL OR created_at < $10)
        AND ($11::uuid IS NULL OR id >= $11)
        AND ($12::uuid IS NULL OR id < $12)
)
SELECT page.id AS "id!", page.is_wanted AS "is_wanted!", page.is_last AS "is_last!"
FROM (
    (
        SELECT id, is_wanted, place = $5 AS is_last
        FROM (
            SELECT id, is_wanted, row_number() OVER (ORDER BY id DESC) AS place FROM listed
            WHERE $3::uuid IS NULL AND ($2::uuid IS NULL OR id < $2)
            ORDER BY id DESC LIMIT $5
        ) seen
        WHERE is_wanted OR place = $5
        ORDER BY id DESC LIMIT $4
    )
    UNION ALL
    (
        SELECT id, is_wanted, place = $5 AS is_last
        FROM (
            SELECT id, is_wanted, row_number() OVER (ORDER BY id ASC) AS place FROM listed
            WHERE id > $3
            ORDER BY id ASC LIMIT $5
        ) seen
        WHERE is_wanted OR place = $5
        ORDER BY id ASC LIMIT $4
    )
) page
ORDER BY page.id DESC
