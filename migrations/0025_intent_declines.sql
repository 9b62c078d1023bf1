-- Until when no attempt to pay an intent is taken, since too many were declined; a time that is
-- over where attempts are taken.
ALTER TABLE payment_intents ADD COLUMN attempts_blocked_until timestamptz;
