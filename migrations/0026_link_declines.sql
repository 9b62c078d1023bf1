-- The same for all attempts by one link; and the last payment by it whose page nobody was led to:
-- after a decline the next attempt uses it again.
ALTER TABLE payment_links
    ADD COLUMN attempts_blocked_until timestamptz,
    ADD COLUMN unseen_intent_id uuid;
