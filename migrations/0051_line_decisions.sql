-- Who says what a line of a statement is: we ('auto'), or a person, who may accept a difference.
ALTER TABLE statement_lines
    -- Null on a line of which nothing is known, and on lines from before it was kept.
    ADD COLUMN how             text,
    -- The last decision of a person: why, who and when.
    ADD COLUMN decision_reason text,
    ADD COLUMN decided_by      text,
    ADD COLUMN decided_at      timestamptz,
    ADD CONSTRAINT statement_lines_decided_check CHECK ((decided_by IS NULL) = (decided_at IS NULL)
        AND (decision_reason IS NULL OR decided_by IS NOT NULL)) NOT VALID;
