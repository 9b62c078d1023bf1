-- ledger.record
-- entries: $1..$11
WITH entry AS (
    INSERT INTO journal_entries (
        merchant_id, sequence, id, kind, source, payment_intent_id,
        booked_at, effective_date, actor, previous_hash, hash
    )
    SELECT
        UNNEST($1::uuid[]), UNNEST($2::bigint[]), UNNEST($3::uuid[]), UNNEST($4::text[]),
        UNNEST($5::text[]), UNNEST($6::uuid[]),
        UNNEST($7::timestamptz[]), UNNEST($8::date[]), UNNEST($9::text[]),
        UNNEST($10::bytea[]), UNNEST($11::bytea[])
),
-- postings: $12..$21
posting AS (
    INSERT INTO postings (
        merchant_id, entry_sequence, line, account, direction,
        amount, currency, balance_after, balance_after_wide, booked_at
    )
    SELECT
        UNNEST($12::uuid[]), UNNEST($13::bigint[]), UNNEST($14::smallint[]),
        UNNEST($15::text[]), UNNEST($16::text[]),
        UNNEST($17::bigint[]), UNNEST($18::text[]), UNNEST($19::bigint[]),
        UNNEST($20::text[])::numeric, UNNEST($21::timestamptz[])
)
-- balances: $22..$28
INSERT INTO balances (
    merchant_id, account, currency, debits, debits_wide, credits, credits_wide
)
SELECT
    UNNEST($22::uuid[]), UNNEST($23::text[]), UNNEST($24::text[]),
    UNNEST($25::bigint[]), UNNEST($26::text[])::numeric,
    UNNEST($27::bigint[]), UNNEST($28::text[])::numeric
ON CONFLICT (merchant_id, account, currency) DO UPDATE SET
    debits = excluded.debits,
    debits_wide = excluded.debits_wide,
    credits = excluded.credits,
    credits_wide = excluded.credits_wide
