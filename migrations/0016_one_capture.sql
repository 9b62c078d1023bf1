-- no-transaction
-- The money of an intent is captured once, whatever the code says.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS journal_entries_capture_key
    ON journal_entries (merchant_id, payment_intent_id) WHERE kind = 'capture';
