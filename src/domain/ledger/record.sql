-- ledger.record
-- entries: $1..$21
WITH entry AS (
    INSERT INTO journal_entries (
        merchant_id, sequence, id, kind, source, payment_intent_id, booked_at, effective_date,
            actor,
        cause, payment_link_id, reference, thread, description, rail, payment_method, tip, fee,
        previous_hash, hash_version, hash
    )
    SELECT
        UNNEST($1::uuid[]), UNNEST($2::bigint[]), UNNEST($3::uuid[]), UNNEST($4::text[]),
        UNNEST($5::text[]), UNNEST($6::uuid[]),
        UNNEST($7::timestamptz[]), UNNEST($8::date[]), UNNEST($9::text[]),
        UNNEST($10::text[]), UNNEST($11::uuid[]), UNNEST($12::text[]), UNNEST($13::text[])::jsonb,
        UNNEST($14::text[]), UNNEST($15::text[]), UNNEST($16::text[]),
        UNNEST($17::bigint[]), UNNEST($18::bigint[]),
        UNNEST($19::bytea[]), UNNEST($20::smallint[]), UNNEST($21::bytea[])
),
-- postings: $22..$31
posting AS (
    INSERT INTO postings (
        merchant_id, entry_sequence, line, account, direction,
        amount, currency, balance_after, balance_after_wide, booked_at
    )
    SELECT
        UNNEST($22::uuid[]), UNNEST($23::bigint[]), UNNEST($24::smallint[]),
        UNNEST($25::text[]), UNNEST($26::text[]),
        UNNEST($27::bigint[]), UNNEST($28::text[]), UNNEST($29::bigint[]),
        UNNEST($30::text[])::numeric, UNNEST($31::timestamptz[])
)
-- balances: $32..$38
INSERT INTO balances (
    merchant_id, account, currency, debits, debits_wide, credits, credits_wide
)
SELECT
    UNNEST($32::uuid[]), UNNEST($33::text[]), UNNEST($34::text[]),
    UNNEST($35::bigint[]), UNNEST($36::text[])::numeric,
    UNNEST($37::bigint[]), UNNEST($38::text[])::numeric
ON CONFLICT (merchant_id, account, currency) DO UPDATE SET
    debits = excluded.debits,
    debits_wide = excluded.debits_wide,
    credits = excluded.credits,
    credits_wide = excluded.credits_wide
