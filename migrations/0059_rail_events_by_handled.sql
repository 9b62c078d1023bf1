-- no-transaction
-- What was found out long ago is forgotten.
CREATE INDEX CONCURRENTLY IF NOT EXISTS rail_events_handled_idx ON rail_events (handled_at)
    WHERE handled_at IS NOT NULL;
