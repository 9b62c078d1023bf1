-- no-transaction
-- The replay that still runs for an endpoint: there is one at a time.
CREATE INDEX CONCURRENTLY IF NOT EXISTS replays_endpoint_idx
    ON replays (endpoint_id) WHERE status = 'running' AND NOT retry;
