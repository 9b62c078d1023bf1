-- Entries of more kinds: movements to and from suspense, and what later books need.
ALTER TABLE journal_entries
    DROP CONSTRAINT journal_entries_kind_check,
    ADD CONSTRAINT journal_entries_kind_check CHECK (kind IN ('capture', 'refund', 'fee', 'settlement',
        'release', 'reserve', 'payout', 'dispute', 'movement', 'reversal', 'adjustment')) NOT VALID;
