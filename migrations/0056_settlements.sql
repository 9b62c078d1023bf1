-- Payouts of providers' into a merchant's bank account, as they are told there. Nothing here is booked.
CREATE TABLE settlements (
    merchant_id     uuid        NOT NULL,
    id              uuid        NOT NULL,
    rail_account_id uuid        NOT NULL,
    -- What the provider calls the payout.
    external_id     text        NOT NULL CHECK (length(external_id) BETWEEN 1 AND 255),
    -- What arrives; below zero if it is taken from the bank account.
    amount          bigint      NOT NULL,
    currency        text        NOT NULL CHECK (length(currency) = 3),
    -- How far the payout is, in the provider's words.
    payout_status   text        NOT NULL CHECK (length(payout_status) BETWEEN 1 AND 255),
    arrives_on      date        NOT NULL,
    -- When the provider made it.
    occurred_at     timestamptz NOT NULL,
    -- 'reading' until all lines are known.
    status          text        NOT NULL,
    -- The sums of the lines that are known.
    gross           bigint      NOT NULL,
    fee             bigint      NOT NULL,
    net             bigint      NOT NULL,
    lines_count     integer     NOT NULL CHECK (lines_count >= 0),
    -- Lines that do not add up in themselves, or are in none of the sums.
    odd_lines       integer     NOT NULL CHECK (odd_lines BETWEEN 0 AND lines_count),
    -- The last line that was read, while more come behind it.
    read_to         text,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id),
    UNIQUE (merchant_id, rail_account_id, external_id),
    CONSTRAINT settlements_read_check CHECK (read_to IS NULL OR status = 'reading')
) WITH (fillfactor = 80);
