-- Endpoints that have something to be sent now or in a moment: a claim looks at these alone, however
-- many others are paused or disabled. Whoever makes a delivery due puts its endpoint here; every two
-- seconds a dispatcher adds what is missing and takes away what has nothing to be sent.
CREATE TABLE waiting_endpoints (
    merchant_id uuid        NOT NULL,
    endpoint_id uuid        NOT NULL,
    -- When there is something to be sent, as far as is known.
    at          timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, endpoint_id)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX waiting_endpoints_at_idx ON waiting_endpoints (at);
