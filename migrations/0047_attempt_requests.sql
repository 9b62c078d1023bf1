-- What a provider is sent, where that cannot be made again: it knows a repetition by the same bytes.
-- Addresses of pages stand in it by their ids, as in all that is stored.
ALTER TABLE attempts
    ADD COLUMN request text,
    ADD CONSTRAINT attempts_request_check CHECK (length(request) BETWEEN 1 AND 20000) NOT VALID;
