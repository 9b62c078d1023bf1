-- no-transaction
-- Transfers that are waited for, by what is seen of them on a statement without a reference.
CREATE INDEX CONCURRENTLY IF NOT EXISTS attempts_waiting_transfers_idx
    ON attempts (merchant_id, rail_account_id, amount)
    WHERE status = 'pending' AND kind = 'charge' AND rail_account_id IS NOT NULL;
