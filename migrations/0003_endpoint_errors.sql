-- The last failure of an endpoint, for its owner to read; null while it is well.
ALTER TABLE endpoint_health ADD COLUMN last_error text;
