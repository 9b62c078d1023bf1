-- Money that a rail tells of and that no payment intent waits for. It is booked to `suspense` in the
-- commit that makes its row, and leaves suspense with the entry that resolves it.
CREATE TABLE movements (
    merchant_id          uuid        NOT NULL,
    id                   uuid        NOT NULL,
    rail                 text        NOT NULL,
    -- What the rail calls it; where it was told by the answer to a call, the printed id of the attempt.
    external_id          text        NOT NULL,
    direction            text        NOT NULL CHECK (direction IN ('in', 'out')),
    amount               bigint      NOT NULL CHECK (amount > 0),
    currency             text        NOT NULL CHECK (length(currency) = 3),
    reason               text        NOT NULL,
    payment_intent_id    uuid,
    -- The attempt that the rail told it of.
    attempt_id           uuid,
    -- The entry that booked it to suspense.
    entry_id             uuid        NOT NULL,
    occurred_at          timestamptz NOT NULL,
    -- What is done with it: null until somebody decides. The entry is null while the rail is asked.
    resolution           text        CHECK (resolution IN ('accept', 'assign', 'refund', 'keep')),
    resolution_intent_id uuid,
    resolution_attempt_id uuid,
    resolution_entry_id  uuid,
    resolution_reason    text,
    resolved_by          text,
    resolved_at          timestamptz,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id),
    CONSTRAINT movements_decided_check CHECK (
        (resolution IS NULL) = (resolved_at IS NULL) AND (resolution IS NULL) = (resolved_by IS NULL)
        AND (resolution_entry_id IS NULL OR resolution IS NOT NULL))
) WITH (fillfactor = 80);
-- A fact that comes again is known by the rail's own name for it.
CREATE INDEX movements_external_idx ON movements (merchant_id, rail, external_id);
CREATE INDEX movements_intent_idx ON movements (merchant_id, payment_intent_id, id) WHERE payment_intent_id IS NOT NULL;
