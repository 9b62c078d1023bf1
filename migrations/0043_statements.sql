-- Files that a merchant's bank gave about an account that transfers are sent to.
CREATE TABLE statements (
    merchant_id     uuid        NOT NULL,
    id              uuid        NOT NULL,
    rail_account_id uuid        NOT NULL,
    -- The format of the file: a newer version may know more words.
    format          text        NOT NULL,
    -- SHA-256 of the file: the same file again changes nothing.
    digest          bytea       NOT NULL CHECK (octet_length(digest) = 32),
    -- The statements in the file: whose, of which days, with which balances.
    parts           jsonb       NOT NULL,
    status          text        NOT NULL CHECK (status IN ('processing', 'processed')),
    -- How many lines came to what; null while some are not looked at.
    counts          jsonb,
    -- Lines that were not taken: not booked yet, or of another account.
    left_out        integer     NOT NULL CHECK (left_out >= 0),
    -- The request that waits for the answer.
    idempotency_key text,
    key_fingerprint bytea       CHECK (octet_length(key_fingerprint) = 32),
    created_by      text        NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id),
    UNIQUE (merchant_id, rail_account_id, digest)
);

-- Their booked lines: one for each payment where the bank says what a batch holds.
CREATE TABLE statement_lines (
    merchant_id       uuid        NOT NULL,
    id                uuid        NOT NULL,
    statement_id      uuid        NOT NULL,
    rail_account_id   uuid        NOT NULL,
    -- What it is known by when it comes again in another file: the bank's id of it, else its place
    -- in a statement that is all the same, else its own id.
    identity          text        NOT NULL CHECK (length(identity) BETWEEN 1 AND 300),
    direction         text        NOT NULL CHECK (direction IN ('in', 'out')),
    amount            bigint      NOT NULL CHECK (amount >= 0),
    currency          text        NOT NULL CHECK (length(currency) = 3),
    booked_on         date,
    value_on          date,
    -- What is said beside the amount: references, text, the other side.
    details           jsonb       NOT NULL,
    -- What in that may be a reference of ours.
    candidates        text[]      NOT NULL,
    -- Whether no other line of the file could be taken for the same payment.
    is_alone          boolean     NOT NULL,
    -- What it came to: 'processing' until that is known.
    status            text        NOT NULL,
    payment_intent_id uuid,
    attempt_id        uuid,
    movement_id       uuid,
    -- The line that it repeats.
    same_as           uuid,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id)
) WITH (fillfactor = 80);
CREATE INDEX statement_lines_statement_idx ON statement_lines (merchant_id, statement_id, id);
CREATE INDEX statement_lines_identity_idx ON statement_lines (merchant_id, rail_account_id, identity, id);
CREATE INDEX statement_lines_attempt_idx ON statement_lines (merchant_id, attempt_id)
    WHERE attempt_id IS NOT NULL;

-- How tables from the account's bank are read.
ALTER TABLE rail_accounts ADD COLUMN csv_mapping jsonb;
