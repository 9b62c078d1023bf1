-- Apart from the migration that adds it, so that nobody waits for the rows to be read.
ALTER TABLE payment_intents VALIDATE CONSTRAINT payment_intents_open_attempt_kind_check;
