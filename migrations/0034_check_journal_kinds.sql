-- Apart from the migration that adds it, so that nobody waits for the rows to be read.
ALTER TABLE journal_entries VALIDATE CONSTRAINT journal_entries_kind_check;
