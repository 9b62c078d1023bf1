-- A merchant is for tests or live, for ever; API keys have a name, an end and a last use. A process
-- of the version before makes test merchants and keys without a name, and reads none of this.

ALTER TABLE merchants
    ADD COLUMN mode text NOT NULL DEFAULT 'test',
    ADD CONSTRAINT merchants_mode_check CHECK (mode IN ('test', 'live')) NOT VALID;

ALTER TABLE api_keys
    -- What its owner calls it.
    ADD COLUMN name         text,
    -- From when on it is refused; null for never.
    ADD COLUMN expires_at   timestamptz,
    -- When it last let somebody in, give or take some minutes.
    ADD COLUMN last_used_at timestamptz,
    ADD CONSTRAINT api_keys_name_check CHECK (length(name) BETWEEN 1 AND 200) NOT VALID;

ALTER TABLE merchants VALIDATE CONSTRAINT merchants_mode_check;
ALTER TABLE api_keys VALIDATE CONSTRAINT api_keys_name_check;
