-- no-transaction
-- A journal entry is found by its id, to page from it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS journal_entries_id_idx ON journal_entries (merchant_id, id);
