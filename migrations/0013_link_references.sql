-- no-transaction
-- What lists of payment links are narrowed by: their references.
CREATE INDEX CONCURRENTLY IF NOT EXISTS payment_links_reference_idx
    ON payment_links (merchant_id, reference, id) WHERE reference IS NOT NULL;
