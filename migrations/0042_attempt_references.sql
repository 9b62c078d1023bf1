-- no-transaction
-- Charges by what a bank's statement says of them.
CREATE INDEX CONCURRENTLY IF NOT EXISTS attempts_rail_reference_idx
    ON attempts (merchant_id, rail_reference) WHERE rail_reference IS NOT NULL;
