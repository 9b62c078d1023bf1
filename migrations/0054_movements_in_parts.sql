-- A movement may be split into several, and these be joined to one again.
ALTER TABLE movements
    DROP CONSTRAINT movements_resolution_check,
    ADD CONSTRAINT movements_resolution_check CHECK (resolution IN ('accept', 'assign', 'refund', 'keep',
        'split', 'join')) NOT VALID;
