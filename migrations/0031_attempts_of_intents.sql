-- no-transaction
-- The attempts of a payment intent, in the order of time.
CREATE INDEX CONCURRENTLY IF NOT EXISTS attempts_intent_idx ON attempts (merchant_id, intent_id, id);
