-- Callbacks: several live secrets an endpoint, order within an intent, endpoints that are paused
-- while they fail, deliveries that are held while their endpoint is disabled, replays, and a
-- keyring whose keys can be replaced.

ALTER TABLE callback_endpoints
    -- 'intent': deliveries of one payment intent arrive in order; 'none': as they come.
    ADD COLUMN ordering         text    NOT NULL DEFAULT 'intent' CHECK (ordering IN ('intent', 'none')),
    -- Whether deliveries also carry a header of the form that Stripe's libraries verify.
    ADD COLUMN stripe_signature boolean NOT NULL DEFAULT false,
    -- Why it is disabled, in a sentence for its owner.
    ADD COLUMN disabled_reason  text,
    -- What verifies the `v1a` signatures of its newest secret.
    ADD COLUMN public_key       bytea CHECK (length(public_key) = 32);

-- Every secret that is not yet expired signs. The sealed bytes name the key that they are sealed
-- with.
CREATE TABLE endpoint_secrets (
    merchant_id uuid        NOT NULL,
    endpoint_id uuid        NOT NULL,
    number      integer     NOT NULL CHECK (number > 0),
    sealed      bytea       NOT NULL,
    created_at  timestamptz NOT NULL,
    -- Null for the newest: it signs until it is replaced.
    expires_at  timestamptz,
    PRIMARY KEY (merchant_id, endpoint_id, number)
);
INSERT INTO endpoint_secrets (merchant_id, endpoint_id, number, sealed, created_at)
SELECT merchant_id, id, 1, sealed_secret, created_at FROM callback_endpoints;
ALTER TABLE callback_endpoints DROP COLUMN sealed_secret;

-- How an endpoint bears what it is sent. No row: well, as far as is known.
CREATE TABLE endpoint_health (
    merchant_id     uuid        NOT NULL,
    endpoint_id     uuid        NOT NULL,
    -- Most tries under way at a time.
    in_flight_limit integer     NOT NULL CHECK (in_flight_limit > 0),
    -- Failed tries since the last success.
    failures        integer     NOT NULL CHECK (failures >= 0),
    failing_since   timestamptz,
    -- Nothing is sent before; the first try after it is alone.
    paused_until    timestamptz,
    -- Pauses in a row: each is longer than the one before.
    pauses          integer     NOT NULL CHECK (pauses >= 0),
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, endpoint_id)
) WITH (fillfactor = 50);

ALTER TABLE deliveries
    ADD COLUMN intent_id     uuid,
    -- Failed tries since it was first sent, or last sent by hand: its place in the schedule.
    ADD COLUMN failures      integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    ADD COLUMN failing_since timestamptz,
    DROP CONSTRAINT deliveries_status_check,
    ADD CONSTRAINT deliveries_status_check CHECK (status IN ('pending', 'held', 'delivered', 'exhausted', 'canceled'));
ALTER TABLE deliveries SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
DROP INDEX deliveries_due_idx;
-- What is due, by endpoint: the dispatcher hops from one endpoint to the next.
CREATE INDEX deliveries_due_idx ON deliveries (endpoint_id, due_at, event_sequence) WHERE status = 'pending';
-- Whether an earlier event of the same intent is still owed.
CREATE INDEX deliveries_intent_idx ON deliveries (endpoint_id, intent_id, event_sequence) WHERE status IN ('pending', 'held') AND intent_id IS NOT NULL;
CREATE INDEX deliveries_held_idx ON deliveries (endpoint_id, event_sequence) WHERE status = 'held';
-- An event is owed to an endpoint once; lists and replays go by it.
CREATE UNIQUE INDEX deliveries_event_key ON deliveries (endpoint_id, event_sequence);
-- Deliveries come in the order of time, so what is old is a range of blocks.
CREATE INDEX deliveries_created_at_idx ON deliveries USING brin (created_at) WITH (pages_per_range = 16);

-- A range of the feed to be sent to an endpoint again, worked off in steps.
CREATE TABLE replays (
    merchant_id      uuid        NOT NULL,
    id               uuid        NOT NULL,
    endpoint_id      uuid        NOT NULL,
    status           text        NOT NULL CHECK (status IN ('running', 'completed', 'canceled')),
    after_sequence   bigint      NOT NULL CHECK (after_sequence >= 0),
    through_sequence bigint      NOT NULL CHECK (through_sequence >= after_sequence),
    -- Whether it is one delivery, sent again by hand whatever the endpoint is told of by now.
    retry            boolean     NOT NULL,
    -- How far it has come: events up to this one are done.
    position         bigint      NOT NULL CHECK (position BETWEEN after_sequence AND through_sequence),
    -- Deliveries that it made due.
    deliveries       bigint      NOT NULL DEFAULT 0 CHECK (deliveries >= 0),
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, id)
);
CREATE INDEX replays_running_idx ON replays (created_at) WHERE status = 'running';

-- The newest key of a purpose seals; all of them open.
ALTER TABLE keyring DROP CONSTRAINT keyring_pkey, ADD PRIMARY KEY (purpose, id);
