-- What payouts are the sum of: charges, refunds, disputes and fees, as the provider tells them.
CREATE TABLE settlement_lines (
    merchant_id       uuid        NOT NULL,
    id                uuid        NOT NULL,
    settlement_id     uuid        NOT NULL,
    -- What the provider calls it.
    external_id       text        NOT NULL CHECK (length(external_id) BETWEEN 1 AND 255),
    -- What it is, in the provider's words: its type, and how it counts in reports.
    kind              text        NOT NULL CHECK (length(kind) <= 255),
    category          text        CHECK (length(category) <= 255),
    -- The charge, refund or dispute there.
    source            text        CHECK (length(source) BETWEEN 1 AND 255),
    attempt_id        uuid,
    payment_intent_id uuid,
    amount            bigint      NOT NULL,
    fee               bigint      NOT NULL,
    net               bigint      NOT NULL,
    currency          text        NOT NULL CHECK (length(currency) = 3),
    occurred_at       timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id)
);
CREATE INDEX settlement_lines_settlement_idx ON settlement_lines (merchant_id, settlement_id, id);
