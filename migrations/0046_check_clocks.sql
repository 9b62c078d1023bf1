-- Apart from the migration that adds it, so that nobody waits for the rows to be read.
ALTER TABLE books VALIDATE CONSTRAINT books_clock_offset_check;
