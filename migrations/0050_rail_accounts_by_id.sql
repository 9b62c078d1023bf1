-- no-transaction
-- Webhooks name the account alone.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS rail_accounts_id_idx ON rail_accounts (id);
