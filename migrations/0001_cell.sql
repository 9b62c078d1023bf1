-- One cell: everything of the merchants that live in it. No statement names the schema; the
-- connection's search_path does. Every primary key begins with merchant_id, except where the
-- merchant is what the look-up is for (tokens) or where the row is the cell's own (keyring).
--
-- There are no foreign keys: the writer is their guard and `threadpay verify` their proof.
-- Amounts are minor units of the currency beside them.

CREATE TABLE merchants (
    merchant_id uuid PRIMARY KEY,
    name        text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at  timestamptz NOT NULL
);

CREATE TABLE api_keys (
    merchant_id uuid        NOT NULL,
    id          uuid        NOT NULL,
    role        text        NOT NULL CHECK (role IN ('bot', 'merchant', 'finance')),
    secret_hash bytea       NOT NULL CHECK (length(secret_hash) = 32),
    last_four   text        NOT NULL CHECK (length(last_four) = 4),
    created_at  timestamptz NOT NULL,
    revoked_at  timestamptz,
    PRIMARY KEY (merchant_id, id)
);
CREATE UNIQUE INDEX api_keys_id_key ON api_keys (id);

-- Keys of the cell itself, sealed by the master key: for tokens, endpoint secrets, signing.
CREATE TABLE keyring (
    purpose    text        NOT NULL CHECK (purpose IN ('tokens', 'secrets', 'signing')),
    id         uuid        NOT NULL,
    sealed     bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (purpose)
);

-- The only lock in the system: whoever holds a merchant's row may change what is the merchant's.
CREATE TABLE books (
    merchant_id    uuid        PRIMARY KEY,
    entry_sequence bigint      NOT NULL DEFAULT 0 CHECK (entry_sequence >= 0),
    entry_hash     bytea       NOT NULL CHECK (length(entry_hash) = 32),
    event_sequence bigint      NOT NULL DEFAULT 0 CHECK (event_sequence >= 0),
    booked_at      timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE accounts (
    merchant_id uuid        NOT NULL,
    code        text        NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('asset', 'liability', 'income', 'expense')),
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, code)
);

-- Two sums that only grow; the balance is their difference on the account's normal side.
CREATE TABLE balances (
    merchant_id uuid   NOT NULL,
    account     text   NOT NULL,
    currency    text   NOT NULL CHECK (length(currency) = 3),
    debits      bigint NOT NULL CHECK (debits >= 0),
    credits     bigint NOT NULL CHECK (credits >= 0),
    PRIMARY KEY (merchant_id, account, currency)
) WITH (fillfactor = 50);

CREATE TABLE journal_entries (
    merchant_id       uuid        NOT NULL,
    sequence          bigint      NOT NULL CHECK (sequence > 0),
    id                uuid        NOT NULL,
    kind              text        NOT NULL CHECK (kind IN ('capture', 'refund', 'fee', 'settlement', 'payout', 'dispute', 'reversal', 'adjustment')),
    source            text        NOT NULL,
    payment_intent_id uuid,
    booked_at         timestamptz NOT NULL,
    effective_date    date        NOT NULL,
    previous_hash     bytea       NOT NULL CHECK (length(previous_hash) = 32),
    hash              bytea       NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (merchant_id, sequence)
);
CREATE INDEX journal_entries_payment_intent_idx ON journal_entries (merchant_id, payment_intent_id);
-- Entries are booked in the order of time, so a range of time is a range of blocks.
CREATE INDEX journal_entries_booked_at_idx ON journal_entries USING brin (booked_at) WITH (pages_per_range = 16);

CREATE TABLE postings (
    merchant_id    uuid        NOT NULL,
    entry_sequence bigint      NOT NULL,
    line           smallint    NOT NULL CHECK (line > 0),
    account        text        NOT NULL,
    direction      text        NOT NULL CHECK (direction IN ('debit', 'credit')),
    amount         bigint      NOT NULL CHECK (amount > 0),
    currency       text        NOT NULL CHECK (length(currency) = 3),
    balance_after  bigint      NOT NULL,
    booked_at      timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, entry_sequence, line)
);
-- The balance of an account at any time is the last posting up to then.
CREATE INDEX postings_account_idx ON postings (merchant_id, account, currency, booked_at, entry_sequence);

CREATE TABLE payment_intents (
    merchant_id         uuid        NOT NULL,
    id                  uuid        NOT NULL,
    status              text        NOT NULL CHECK (status IN ('requires_payment', 'processing', 'requires_action', 'requires_capture', 'succeeded', 'canceled', 'expired')),
    currency            text        NOT NULL CHECK (length(currency) = 3),
    amount              bigint      NOT NULL CHECK (amount > 0),
    amount_authorized   bigint      NOT NULL DEFAULT 0 CHECK (amount_authorized BETWEEN 0 AND amount),
    amount_captured     bigint      NOT NULL DEFAULT 0 CHECK (amount_captured BETWEEN 0 AND amount),
    amount_refunded     bigint      NOT NULL DEFAULT 0 CHECK (amount_refunded >= 0),
    amount_refunding    bigint      NOT NULL DEFAULT 0 CHECK (amount_refunding >= 0),
    tip                 bigint      CHECK (tip >= 0 AND tip <= amount),
    capture_method      text        NOT NULL CHECK (capture_method IN ('automatic', 'manual')),
    description         text,
    reference           text,
    thread              jsonb,
    line_items          jsonb       NOT NULL,
    metadata            jsonb       NOT NULL,
    rail                text        NOT NULL,
    payment_link_id     uuid,
    -- The attempt that the status waits for: in processing and requires_action.
    open_attempt_id     uuid,
    -- What that attempt asks of the rail.
    open_attempt_kind   text        CHECK (open_attempt_kind IN ('charge', 'capture', 'void')),
    -- The attempt that the rail knows the authorization or charge by.
    charge_attempt_id   uuid,
    last_error          jsonb,
    cancellation_reason text,
    event_sequence      integer     NOT NULL CHECK (event_sequence >= 0),
    expires_at          timestamptz NOT NULL,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id),
    CONSTRAINT payment_intents_refunds_check CHECK (amount_refunded + amount_refunding <= amount_captured)
) WITH (fillfactor = 70);
-- No predicate on the status: a payment changes the status, and an index that knew it would have to
-- be written again, with every other index of the row (no HOT update).
CREATE INDEX payment_intents_expiry_idx ON payment_intents (expires_at);
CREATE INDEX payment_intents_reference_idx ON payment_intents (merchant_id, reference) WHERE reference IS NOT NULL;
CREATE INDEX payment_intents_conversation_idx ON payment_intents (merchant_id, (thread ->> 'conversation'), id) WHERE thread IS NOT NULL;
CREATE INDEX payment_intents_link_idx ON payment_intents (merchant_id, payment_link_id, id) WHERE payment_link_id IS NOT NULL;

CREATE TABLE attempts (
    merchant_id     uuid        NOT NULL,
    id              uuid        NOT NULL,
    intent_id       uuid        NOT NULL,
    refund_id       uuid,
    kind            text        NOT NULL CHECK (kind IN ('charge', 'capture', 'void', 'refund')),
    status          text        NOT NULL CHECK (status IN ('started', 'unknown', 'pending', 'requires_action', 'succeeded', 'failed')),
    rail            text        NOT NULL,
    payment_method  text,
    amount          bigint      NOT NULL CHECK (amount > 0),
    currency        text        NOT NULL CHECK (length(currency) = 3),
    decline_code    text,
    idempotency_key text,
    -- When a worker asks the rail what became of it; null once that is known.
    ask_at          timestamptz,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id)
) WITH (fillfactor = 70);
CREATE INDEX attempts_ask_at_idx ON attempts (ask_at) WHERE ask_at IS NOT NULL;

CREATE TABLE refunds (
    merchant_id       uuid        NOT NULL,
    id                uuid        NOT NULL,
    payment_intent_id uuid        NOT NULL,
    status            text        NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    amount            bigint      NOT NULL CHECK (amount > 0),
    currency          text        NOT NULL CHECK (length(currency) = 3),
    reason            text,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id)
);
CREATE INDEX refunds_payment_intent_idx ON refunds (merchant_id, payment_intent_id, id);

CREATE TABLE payment_links (
    merchant_id    uuid        NOT NULL,
    id             uuid        NOT NULL,
    status         text        NOT NULL CHECK (status IN ('active', 'completed', 'expired', 'inactive')),
    currency       text        NOT NULL CHECK (length(currency) = 3),
    -- The price: {"fixed": n} or {"preset": n, "min": n, "max": n}, in minor units.
    price          jsonb       NOT NULL,
    tip_options    jsonb       NOT NULL,
    usage          text        NOT NULL CHECK (usage IN ('single', 'multi')),
    max_payments   integer     CHECK (max_payments > 0),
    payments_count integer     NOT NULL CHECK (payments_count >= 0),
    -- Payments begun and not yet ended: each holds a place, so that a link is never overpaid.
    payments_open  integer     NOT NULL CHECK (payments_open >= 0),
    description    text,
    reference      text,
    thread         jsonb,
    metadata       jsonb       NOT NULL,
    rail           text        NOT NULL,
    expires_at     timestamptz,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id),
    CONSTRAINT payment_links_places_check CHECK (payments_count + payments_open <= max_payments)
) WITH (fillfactor = 70);
CREATE INDEX payment_links_expiry_idx ON payment_links (expires_at) WHERE status = 'active';

-- Which page a token opens. The token itself is nowhere: it is derived again when it is printed.
CREATE TABLE link_tokens (
    token_hash  bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    merchant_id uuid  NOT NULL,
    intent_id   uuid,
    link_id     uuid,
    CONSTRAINT link_tokens_subject_check CHECK (num_nonnulls(intent_id, link_id) = 1)
);

CREATE TABLE idempotency_keys (
    merchant_id uuid        NOT NULL,
    key         text        NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint bytea       NOT NULL CHECK (length(fingerprint) = 32),
    -- Null while the request still runs.
    status      smallint,
    answer      bytea,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, key),
    CONSTRAINT idempotency_keys_answer_check CHECK ((status IS NULL) = (answer IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys USING brin (created_at);

-- The feed and the outbox in one: written in the transaction of their cause.
CREATE TABLE events (
    merchant_id     uuid        NOT NULL,
    sequence        bigint      NOT NULL CHECK (sequence > 0),
    id              uuid        NOT NULL,
    type            text        NOT NULL,
    intent_id       uuid,
    intent_sequence integer,
    conversation    text,
    payload         bytea       NOT NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, sequence)
);
CREATE INDEX events_created_at_idx ON events USING brin (created_at) WITH (pages_per_range = 16);

CREATE TABLE callback_endpoints (
    merchant_id   uuid        NOT NULL,
    id            uuid        NOT NULL,
    url           text        NOT NULL,
    event_types   text[]      NOT NULL CHECK (cardinality(event_types) > 0),
    description   text,
    status        text        NOT NULL CHECK (status IN ('enabled', 'disabled')),
    sealed_secret bytea       NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    deleted_at    timestamptz,
    PRIMARY KEY (merchant_id, id)
);

-- One event owed to one endpoint.
CREATE TABLE deliveries (
    merchant_id    uuid        NOT NULL,
    id             uuid        NOT NULL,
    endpoint_id    uuid        NOT NULL,
    event_sequence bigint      NOT NULL,
    status         text        NOT NULL CHECK (status IN ('pending', 'delivered', 'exhausted')),
    attempts       integer     NOT NULL DEFAULT 0,
    -- When it may be sent next; a lease moves it to the lease's end.
    due_at         timestamptz NOT NULL,
    lease_id       uuid,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id)
) WITH (fillfactor = 70);
CREATE INDEX deliveries_due_idx ON deliveries (endpoint_id, due_at) WHERE status = 'pending';

CREATE TABLE delivery_attempts (
    merchant_id uuid        NOT NULL,
    delivery_id uuid        NOT NULL,
    number      integer     NOT NULL CHECK (number > 0),
    started_at  timestamptz NOT NULL,
    duration_ms integer     NOT NULL CHECK (duration_ms >= 0),
    -- Null where no answer came; then `error` says why.
    status_code smallint,
    error       text,
    response    text,
    PRIMARY KEY (merchant_id, delivery_id, number)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Correct the books with a new journal entry.';
END
$$;

CREATE TRIGGER journal_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER postings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON postings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The second wall behind the constructor of an entry: what is inserted together balances, per
-- entry and currency. A statement's own new rows are all it reads, so it costs next to nothing.
CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong bigint;
BEGIN
    SELECT entry_sequence INTO wrong FROM inserted
    GROUP BY merchant_id, entry_sequence, currency
    HAVING sum(CASE direction WHEN 'debit' THEN amount ELSE -amount END) <> 0
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal entry % does not balance', wrong USING ERRCODE = 'check_violation', CONSTRAINT = 'postings_balanced';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER postings_balanced AFTER INSERT ON postings REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced();
