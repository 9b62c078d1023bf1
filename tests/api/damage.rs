//! What can be done to the books behind the writer's back, and how `verify` calls it.

/// Every kind of damage, the words that name it, and whether an export of the whole journal
/// refuses it as well.
pub const DAMAGE: &[(&str, &str, bool)] = &[
    (
        "UPDATE postings SET amount = 1251 WHERE merchant_id = $1 AND entry_sequence = 1 AND line = 2",
        "posting 2 on merchant:pending: balance_after should be 12.51 EUR (0.00 before it and a credit of 12.51), found 12.50",
        true,
    ),
    (
        "UPDATE postings SET balance_after = 1 WHERE merchant_id = $1 AND entry_sequence = 4 AND line = 1",
        "posting 1 on merchant:pending: balance_after should be 10.00 EUR (12.50 before it and a debit of 2.50), found 0.01",
        true,
    ),
    (
        "UPDATE postings SET direction = 'debit' WHERE merchant_id = $1 AND entry_sequence = 2 AND line = 2",
        "journal entry 2",
        true,
    ),
    (
        "UPDATE postings SET account = 'suspense' WHERE merchant_id = $1 AND entry_sequence = 2 AND line = 2",
        "posting 2 on suspense: the account should be in the chart",
        true,
    ),
    (
        "UPDATE postings SET amount = 1251, balance_after = 1251 WHERE merchant_id = $1 AND entry_sequence = 1 AND line = 2",
        "debits 12.50 and credits 12.51",
        true,
    ),
    (
        "UPDATE postings SET amount = 501, balance_after = 501 WHERE merchant_id = $1 AND entry_sequence = 2",
        "hash should be",
        true,
    ),
    (
        "DELETE FROM postings WHERE merchant_id = $1 AND entry_sequence = 3 AND line = 1",
        "line 1 is missing",
        true,
    ),
    (
        "UPDATE postings SET booked_at = booked_at + interval '1 second' WHERE merchant_id = $1 AND entry_sequence = 3 AND line = 1",
        "posting 1 of journal entry 3: booked_at",
        false,
    ),
    (
        "DELETE FROM journal_entries WHERE merchant_id = $1 AND sequence = 3",
        "sequence should be 3, found 4",
        true,
    ),
    (
        "DELETE FROM journal_entries WHERE merchant_id = $1 AND sequence = 5",
        "the last journal entry should be 5, found 4",
        true,
    ),
    (
        "UPDATE journal_entries SET source = 'pi_x' WHERE merchant_id = $1 AND sequence = 2",
        "journal entry 2 (je_",
        true,
    ),
    (
        "UPDATE journal_entries SET previous_hash = hash WHERE merchant_id = $1 AND sequence = 2",
        "previous_hash should be",
        true,
    ),
    (
        "UPDATE journal_entries SET booked_at = booked_at - interval '1 day' WHERE merchant_id = $1 AND sequence = 2",
        "booked_at should not be before 2026-01-31T23:00:00.123Z, found 2026-01-31T00:00:00.123Z",
        true,
    ),
    (
        "UPDATE balances SET debits = debits + 1 WHERE merchant_id = $1 AND account = 'merchant:pending' AND currency = 'EUR'",
        "balance of merchant:pending in EUR: should be debits 2.50 and credits 13.00 by its postings, found debits 2.51 and credits 13.00",
        false,
    ),
    (
        "DELETE FROM balances WHERE merchant_id = $1 AND currency = 'JPY' AND account = 'merchant:pending'",
        "balance of merchant:pending in JPY: should be debits 0 and credits 500 by its postings, found debits 0 and credits 0",
        false,
    ),
    (
        "UPDATE books SET entry_sequence = 4 WHERE merchant_id = $1",
        "books: the last journal entry should be 4, found 5",
        true,
    ),
    (
        "UPDATE books SET event_sequence = 4 WHERE merchant_id = $1",
        "events: should be 1 to 4 by the books, and go on to 10",
        false,
    ),
    (
        "DELETE FROM events WHERE merchant_id = $1 AND sequence = 2",
        "and 2 is missing",
        false,
    ),
    (
        "UPDATE payment_intents SET status = 'canceled' WHERE merchant_id = $1 AND currency = 'JPY'",
        "canceled, so it should have 0 capture entries, found 1",
        false,
    ),
    (
        "UPDATE payment_intents SET amount_captured = 499 WHERE merchant_id = $1 AND currency = 'JPY'",
        "amount_captured should be 500 JPY by its capture entry, found 499 JPY",
        false,
    ),
    (
        "UPDATE refunds SET amount = 249 WHERE merchant_id = $1",
        "amount_refunded should be 2.49 EUR by its refunds that succeeded, found 2.50 EUR",
        false,
    ),
    (
        "UPDATE payment_links SET payments_count = 0 WHERE merchant_id = $1",
        "payments_count should be 1 by its payment intents that succeeded, found 0",
        false,
    ),
    (
        "UPDATE payment_links SET payments_open = 1 WHERE merchant_id = $1",
        "payments_open should be 0",
        false,
    ),
    (
        "DELETE FROM payment_links WHERE merchant_id = $1",
        "missing: payment link pl_",
        false,
    ),
    (
        "DELETE FROM payment_intents WHERE merchant_id = $1 AND currency = 'KWD'",
        "there is no such payment intent",
        false,
    ),
    (
        "INSERT INTO attempts (merchant_id, id, intent_id, kind, status, rail, amount, currency, created_at, updated_at) VALUES ($1, gen_random_uuid(), gen_random_uuid(), 'charge', 'succeeded', 'sandbox', 1, 'EUR', now(), now())",
        "is missing: payment intent pi_",
        false,
    ),
    (
        "INSERT INTO link_tokens (token_hash, merchant_id, link_id) VALUES (sha256($1::text::bytea), $1, gen_random_uuid())",
        "link token: its owner should be there, and is missing: payment link pl_",
        false,
    ),
    (
        "INSERT INTO deliveries (merchant_id, id, endpoint_id, event_sequence, status, due_at, created_at, updated_at) VALUES ($1, gen_random_uuid(), gen_random_uuid(), 99, 'pending', now(), now(), now())",
        "is missing: event 99",
        false,
    ),
    (
        "INSERT INTO delivery_attempts (merchant_id, delivery_id, number, started_at, duration_ms) VALUES ($1, gen_random_uuid(), 1, now(), 1)",
        "delivery attempt 1: its owner should be there, and is missing: delivery dlv_",
        false,
    ),
    (
        "INSERT INTO balances (merchant_id, account, currency, debits, credits) VALUES ($1, 'suspense', 'EUR', 1, 0)",
        "balance of suspense in EUR: should be debits 0.00 and credits 0.00 by its postings, found debits 0.01",
        false,
    ),
    (
        "UPDATE books SET booked_at = booked_at + interval '1 day' WHERE merchant_id = $1",
        "books: booked_at should be 2026-02-01T03:00:00.123Z, that of the last journal entry; found 2026-02-02T03",
        false,
    ),
    (
        "UPDATE books SET entry_sequence = 9000000000000000000 WHERE merchant_id = $1",
        "books: the last journal entry should be 9000000000000000000, found 5",
        true,
    ),
    (
        "UPDATE books SET event_sequence = 9000000000000000000 WHERE merchant_id = $1",
        "without gaps, and 11 is missing",
        false,
    ),
    (
        "UPDATE accounts SET kind = 'asset' WHERE merchant_id = $1 AND code = 'merchant:pending'",
        "account merchant:pending: its kind should be liability by the chart, found asset",
        false,
    ),
    (
        "UPDATE payment_intents SET reference = 'other' WHERE merchant_id = $1 AND currency = 'JPY'",
        "its reference should be that of journal entry 2",
        false,
    ),
    (
        "UPDATE payment_intents SET thread = jsonb_set(thread, '{conversation}', '\"9\"') WHERE merchant_id = $1 AND currency = 'JPY'",
        "its thread should be that of journal entry 2",
        false,
    ),
    (
        "UPDATE payment_intents SET payment_link_id = NULL WHERE merchant_id = $1 AND payment_link_id IS NOT NULL",
        "its payment_link should be that of journal entry 1",
        false,
    ),
    (
        "UPDATE payment_intents SET description = 'x' WHERE merchant_id = $1 AND currency = 'KWD'",
        "its description should be that of journal entry 3",
        false,
    ),
    (
        "UPDATE payment_intents SET tip = 1 WHERE merchant_id = $1 AND currency = 'KWD'",
        "its tip should be that of journal entry 3",
        false,
    ),
    (
        "UPDATE payment_intents SET amount_authorized = 499 WHERE merchant_id = $1 AND currency = 'JPY'",
        "amount_authorized should be 500 JPY by its attempts that succeeded, found 499 JPY",
        false,
    ),
    (
        "UPDATE payment_intents SET amount = 501 WHERE merchant_id = $1 AND currency = 'JPY'",
        "its amount should be 500 JPY, which its attempt asked for, found 501 JPY",
        false,
    ),
    (
        "UPDATE attempts SET rail = 'card' WHERE merchant_id = $1 AND currency = 'JPY'",
        "asked the rail card, and sandbox is booked",
        false,
    ),
    (
        "UPDATE events SET created_at = created_at + interval '1 day' WHERE merchant_id = $1 AND sequence = 5",
        "its payload should say timestamp 2026-02-01T23:00:00.123Z, and says 2026-01-31T23:00:00.123Z",
        false,
    ),
    (
        "UPDATE payment_intents SET event_sequence = 3 WHERE merchant_id = $1 AND currency = 'JPY'",
        "its events should be 1 to 3, found 2 with 2 numbers, the last 2",
        false,
    ),
    (
        "UPDATE payment_intents SET status = 'processing', open_attempt_id = charge_attempt_id WHERE merchant_id = $1 AND currency = 'JPY'",
        "processing, and the attempt that it waits for is succeeded",
        false,
    ),
    (
        "UPDATE attempts SET status = 'failed' WHERE merchant_id = $1 AND currency = 'JPY'",
        "should have succeeded, and is failed",
        false,
    ),
    (
        "UPDATE attempts SET amount = 499 WHERE merchant_id = $1 AND currency = 'JPY'",
        "should be of 500 JPY, which is booked, and is of 499 JPY",
        false,
    ),
    (
        "UPDATE attempts SET kind = 'void' WHERE merchant_id = $1 AND currency = 'JPY'",
        "is a void, which books no capture",
        false,
    ),
    (
        "UPDATE attempts SET intent_id = gen_random_uuid() WHERE merchant_id = $1 AND currency = 'JPY'",
        "belongs to another payment intent",
        false,
    ),
    (
        "DELETE FROM attempts WHERE merchant_id = $1 AND currency = 'KWD'",
        "journal entry 3",
        false,
    ),
    (
        "INSERT INTO attempts (merchant_id, id, intent_id, kind, status, rail, amount, currency, created_at, updated_at)
        SELECT merchant_id, gen_random_uuid(), id, 'charge', 'succeeded', 'sandbox', 500, 'JPY', now(), now()
        FROM payment_intents WHERE merchant_id = $1 AND currency = 'JPY'",
        "amount_captured should be 1000 JPY by its attempts that succeeded, found 500 JPY",
        false,
    ),
    (
        "INSERT INTO attempts (merchant_id, id, intent_id, kind, status, rail, amount, currency, created_at, updated_at)
        SELECT merchant_id, gen_random_uuid(), id, 'charge', 'unknown', 'sandbox', 500, 'JPY', now() - interval '2 hours', now()
        FROM payment_intents WHERE merchant_id = $1 AND currency = 'JPY'",
        "should be finished long since, and is unknown",
        false,
    ),
    (
        "UPDATE refunds SET status = 'failed' WHERE merchant_id = $1",
        "should have succeeded, and is failed",
        false,
    ),
    (
        "DELETE FROM refunds WHERE merchant_id = $1",
        "journal entry 4",
        false,
    ),
    (
        "UPDATE attempts SET status = 'pending' WHERE merchant_id = $1 AND kind = 'refund'",
        "succeeded, and 0 of its attempts succeeded and 1 are open",
        false,
    ),
    (
        "UPDATE events SET type = 'payment_intent.canceled' WHERE merchant_id = $1 AND sequence = 5",
        "its payload should say type payment_intent.canceled, and says payment_intent.succeeded",
        false,
    ),
    (
        "UPDATE events SET intent_sequence = 1 WHERE merchant_id = $1 AND sequence = 5",
        "its payload should say intent_sequence 1, and says 2",
        false,
    ),
    (
        "UPDATE events SET payload = '{}' WHERE merchant_id = $1 AND sequence = 1",
        "event 1 evt_",
        false,
    ),
    (
        "UPDATE events SET payload = convert_to(replace(convert_from(payload, 'UTF8'), '12.50', '99.00'), 'UTF8') WHERE merchant_id = $1 AND sequence = 5",
        "should tell of 12.50 EUR, as journal entry je_",
        false,
    ),
    (
        "UPDATE events SET payload = convert_to(jsonb_set(convert_from(payload, 'UTF8')::jsonb, '{journal_entries}', '[]')::text, 'UTF8') WHERE merchant_id = $1 AND sequence = 6",
        "an event should name it, and none does",
        false,
    ),
    (
        "UPDATE events SET payload = convert_to(jsonb_set(convert_from(payload, 'UTF8')::jsonb, '{journal_entries}', '[\"je_01kmz6v7h3e8r9t2x4c5b6n7m8\"]')::text, 'UTF8') WHERE merchant_id = $1 AND sequence = 1",
        "names journal entry je_01kmz6v7h3e8r9t2x4c5b6n7m8, which is missing",
        false,
    ),
    (
        "UPDATE events SET payload = (SELECT e.payload FROM events e WHERE e.merchant_id = $1 AND e.sequence = 5) WHERE merchant_id = $1 AND sequence = 10",
        "its payload should say id evt_",
        false,
    ),
];
