-- Who causes what: an API key, the payer, a worker or the operator. Null for what is from before.
ALTER TABLE journal_entries ADD COLUMN actor text;
ALTER TABLE events ADD COLUMN actor text;
ALTER TABLE callback_endpoints ADD COLUMN created_by text;

-- Of which request an attempt's answer is: a key that was forgotten may be used for another.
ALTER TABLE attempts ADD COLUMN key_fingerprint bytea;
ALTER TABLE attempts ADD CONSTRAINT attempts_key_fingerprint_check
    CHECK (length(key_fingerprint) = 32) NOT VALID;
ALTER TABLE attempts VALIDATE CONSTRAINT attempts_key_fingerprint_check;
