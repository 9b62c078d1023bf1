-- Apart from the migration that adds it, so that nobody waits for the rows to be read.
ALTER TABLE statement_lines VALIDATE CONSTRAINT statement_lines_decided_check;
