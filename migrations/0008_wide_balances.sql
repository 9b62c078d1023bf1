-- Sums of amounts may outgrow 64 bits; amounts themselves never do.
--
-- A process of the version before knows the narrow columns alone. What outgrows them stands in the
-- wide ones, and the narrow ones then hold the most that they can: so that process refuses to book
-- on such an account, as it always did, instead of counting wrong. Once no such process runs, the
-- narrow columns can go.
ALTER TABLE balances ADD COLUMN debits_wide numeric;
ALTER TABLE balances ADD COLUMN credits_wide numeric;
ALTER TABLE balances ADD CONSTRAINT balances_wide_check CHECK (
    (debits_wide IS NULL AND credits_wide IS NULL)
    OR (debits_wide >= 0 AND credits_wide >= 0 AND debits = 9223372036854775807
        AND credits = 9223372036854775807)) NOT VALID;
