-- What an entry tells beside its money stands in the entry, as it was when it was booked, and its
-- hash takes it in (version 2, docs/proof.md). A process of the version before goes on booking
-- entries of version 1, which have none of this: exports read it from their payment intents.
ALTER TABLE journal_entries
    ADD COLUMN hash_version    smallint NOT NULL DEFAULT 1,
    -- The printed id of what moved the money: an attempt.
    ADD COLUMN cause           text,
    ADD COLUMN payment_link_id uuid,
    ADD COLUMN reference       text,
    -- Where in a chat it was asked for: channel, tenant, conversation, thread and message.
    ADD COLUMN thread          jsonb,
    ADD COLUMN description     text,
    ADD COLUMN rail            text,
    ADD COLUMN payment_method  text,
    -- In the currency of the first posting, as the fee.
    ADD COLUMN tip             bigint,
    ADD COLUMN fee             bigint,
    -- What is not hashed is not there.
    ADD CONSTRAINT journal_entries_hash_version_check CHECK (
        hash_version > 1 OR hash_version = 1 AND num_nonnulls(cause, payment_link_id, reference,
            thread, description, rail, payment_method, tip, fee) = 0) NOT VALID;
