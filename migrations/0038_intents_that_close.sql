-- What an intent in `processing` waits for may be the end of a charge at its rail, and why it is ended.
ALTER TABLE payment_intents
    DROP CONSTRAINT payment_intents_open_attempt_kind_check,
    ADD CONSTRAINT payment_intents_open_attempt_kind_check CHECK (open_attempt_kind IN ('charge',
        'capture', 'void', 'close_to_cancel', 'close_to_expire', 'close_to_give_up')) NOT VALID;
