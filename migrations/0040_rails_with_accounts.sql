-- By which rail, and by which of the merchant's accounts with its provider, an intent is paid.
ALTER TABLE attempts
    -- The account; null where the rail needs none.
    ADD COLUMN rail_account_id uuid,
    -- What it is called at the rail, where that is not its id: the reference of a bank transfer.
    ADD COLUMN rail_reference  text CHECK (length(rail_reference) BETWEEN 1 AND 255),
    -- What the payer must do.
    ADD COLUMN next_action     jsonb,
    -- Until when the payer may pay, where the rail itself sets no end.
    ADD COLUMN expires_at      timestamptz,
    -- What the rail calls the money that came by it, where that has a name of its own.
    ADD COLUMN external_id     text;
ALTER TABLE payment_intents
    -- The rails by which it may be paid, the one to offer first in front; null for all that fit.
    ADD COLUMN rails           jsonb,
    -- By which account it was paid or last tried; `rail` is the sandbox until it was.
    ADD COLUMN rail_account_id uuid,
    -- With what; null until then, and where this was not kept.
    ADD COLUMN payment_method  text,
    DROP CONSTRAINT payment_intents_open_attempt_kind_check,
    ADD CONSTRAINT payment_intents_open_attempt_kind_check CHECK (open_attempt_kind IN ('charge',
        'transfer', 'capture', 'void', 'close_to_cancel', 'close_to_expire',
        'close_to_give_up')) NOT VALID;
ALTER TABLE payment_links
    ADD COLUMN rails jsonb,
    -- What its payments are paid by, they say themselves.
    ALTER COLUMN rail SET DEFAULT 'sandbox';
ALTER TABLE movements
    ADD COLUMN rail_account_id uuid;
