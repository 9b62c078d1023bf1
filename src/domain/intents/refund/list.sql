-- refunds.list
-- merchant: $1; which page: $2..$4; how many rows to look at: $5
WITH listed AS NOT MATERIALIZED (
    -- The status has no index: $11.
    SELECT id, ($11::text IS NULL OR status = $11) AS is_wanted
    FROM refunds
    -- What has an index: $6..$10, ids in the order of time.
    WHERE merchant_id = $1
        AND ($6::uuid IS NULL OR payment_intent_id = $6)
        AND ($7::timestamptz IS NULL OR created_at >= $7)
        AND ($8::timestamptz IS NULL OR created_at < $8)
        AND ($9::uuid IS NULL OR id >= $9)
        AND ($10::uuid IS NULL OR id < $10)
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
