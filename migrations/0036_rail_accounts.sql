-- Who a merchant is with a provider: a bank account that transfers are sent to, a contract with a
-- payment service. It is never deleted, since what was paid by it names it.
CREATE TABLE rail_accounts (
    merchant_id        uuid        NOT NULL,
    id                 uuid        NOT NULL,
    -- How money moves: 'bank_transfer'. A newer version may know more words.
    rail               text        NOT NULL CHECK (length(rail) BETWEEN 1 AND 40),
    -- What the merchant calls it.
    label              text                 CHECK (length(label) BETWEEN 1 AND 200),
    -- What is no secret, by rail.
    settings           jsonb       NOT NULL CHECK (jsonb_typeof(settings) = 'object'),
    -- What proves to the provider who we are, sealed; null where a rail needs nothing.
    sealed_credentials bytea,
    status             text        NOT NULL CHECK (status IN ('active', 'failing', 'disabled')),
    created_by         text        NOT NULL CHECK (length(created_by) BETWEEN 1 AND 200),
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL CHECK (updated_at >= created_at),
    PRIMARY KEY (merchant_id, id)
);
