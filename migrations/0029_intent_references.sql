-- no-transaction
-- What lists of payment intents are narrowed by: their references, in the order of the list.
CREATE INDEX CONCURRENTLY IF NOT EXISTS payment_intents_reference_order_idx
    ON payment_intents (merchant_id, reference, id) WHERE reference IS NOT NULL;
