-- no-transaction
-- What is old is forgotten, the oldest first. A BRIN index does not serve: rows that come take the
-- places of those that went, so that soon every range of blocks holds something old.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idempotency_keys_age_idx ON idempotency_keys (created_at);
