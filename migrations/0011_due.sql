-- What has to be done later, whoever does it: a row a thing. Who takes one moves it on first, so
-- that it is taken by one process at a time and never stands in the way of the others.
CREATE TABLE due (
    merchant_id uuid        NOT NULL,
    kind        text        NOT NULL,
    subject     uuid        NOT NULL,
    -- When it is done next.
    at          timestamptz NOT NULL,
    -- How often it was taken and not finished.
    tries       integer     NOT NULL DEFAULT 0 CHECK (tries >= 0),
    PRIMARY KEY (kind, merchant_id, subject)
) WITH (fillfactor = 70);
CREATE INDEX due_at_idx ON due (kind, merchant_id, at);
CREATE INDEX due_stuck_idx ON due (kind) WHERE tries >= 5;
