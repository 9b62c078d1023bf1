-- Apart from the migration that adds it, so that nobody waits for the rows to be read.
ALTER TABLE movements VALIDATE CONSTRAINT movements_resolution_check;
