-- How far a test merchant's time is ahead of Postgres', in seconds: moved on by the merchant, never
-- back. It stands with the books, since who changes anything of a merchant holds their lock.
ALTER TABLE books
    ADD COLUMN clock_offset bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT books_clock_offset_check CHECK (clock_offset >= 0) NOT VALID;
