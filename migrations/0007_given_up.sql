-- no-transaction
-- The list of deliveries that were given up is short, among very many that went well.
CREATE INDEX CONCURRENTLY IF NOT EXISTS deliveries_given_up_idx
    ON deliveries (endpoint_id, event_sequence) WHERE status IN ('exhausted', 'canceled');
