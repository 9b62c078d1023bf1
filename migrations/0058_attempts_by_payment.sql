-- no-transaction
-- Charges by what their provider calls them.
CREATE INDEX CONCURRENTLY IF NOT EXISTS attempts_external_idx
    ON attempts (merchant_id, external_id) WHERE external_id IS NOT NULL AND kind = 'charge';
