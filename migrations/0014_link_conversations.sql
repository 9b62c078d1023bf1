-- no-transaction
-- What lists of payment links are narrowed by: the conversations that they were made in.
CREATE INDEX CONCURRENTLY IF NOT EXISTS payment_links_conversation_idx
    ON payment_links (merchant_id, (thread ->> 'conversation'), id) WHERE thread IS NOT NULL;
