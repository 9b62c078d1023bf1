-- The movements that the money of a line was split into, in the order that they were named.
ALTER TABLE statement_lines ADD COLUMN parts uuid[] NOT NULL DEFAULT '{}';
