-- Apart from the migration that adds them, so that nobody waits for the rows to be read.
ALTER TABLE attempts VALIDATE CONSTRAINT attempts_kind_check;
ALTER TABLE attempts VALIDATE CONSTRAINT attempts_status_check;
