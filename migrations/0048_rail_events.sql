-- What providers told, each event once. A worker asks them for the truth of it.
CREATE TABLE rail_events (
    merchant_id     uuid        NOT NULL,
    rail_account_id uuid        NOT NULL,
    -- What the provider calls the event.
    external_id     text        NOT NULL CHECK (length(external_id) BETWEEN 1 AND 255),
    id              uuid        NOT NULL,
    -- What happened, in the provider's words.
    event_type      text        NOT NULL CHECK (length(event_type) BETWEEN 1 AND 255),
    -- The bytes that were signed.
    body            bytea       NOT NULL,
    received_at     timestamptz NOT NULL,
    -- When what it tells was found out.
    handled_at      timestamptz,
    PRIMARY KEY (merchant_id, rail_account_id, external_id),
    UNIQUE (merchant_id, id)
);
