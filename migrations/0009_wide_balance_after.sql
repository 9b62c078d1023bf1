-- The balance after a posting, where it does not fit 64 bits; the narrow column is pinned then.
ALTER TABLE postings ADD COLUMN balance_after_wide numeric;
