-- no-transaction
-- An event is found by its id.
CREATE INDEX CONCURRENTLY IF NOT EXISTS events_id_idx ON events (merchant_id, id);
