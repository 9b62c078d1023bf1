-- Attempts that close a charge at the rail, charges that were closed, and what an attempt is about.
ALTER TABLE attempts
    -- The charge that it captures, lets go, closes or gives back; null for charges, and for attempts
    -- from before this was kept, which are about the charge of their intent.
    ADD COLUMN charge_id   uuid,
    -- The movement that it takes as a payment, or gives back.
    ADD COLUMN movement_id uuid,
    -- The void that lets go of what it holds, where its intent never waited for that.
    ADD COLUMN released_by uuid,
    DROP CONSTRAINT attempts_kind_check,
    ADD CONSTRAINT attempts_kind_check CHECK (kind IN ('charge', 'capture', 'void', 'close', 'refund')) NOT VALID,
    DROP CONSTRAINT attempts_status_check,
    ADD CONSTRAINT attempts_status_check CHECK (status IN ('started', 'unknown', 'pending',
        'requires_action', 'succeeded', 'failed', 'closed', 'reversed')) NOT VALID;
