-- no-transaction
-- All that it served is served by payment_intents_reference_order_idx, for any version.
DROP INDEX CONCURRENTLY IF EXISTS payment_intents_reference_idx;
