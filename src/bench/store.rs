//! SQL of the plain variant, one row a statement, and the commit that every figure is printed beside.

use crate::{
    base::{
        db::{Db, DbError, Use},
        ids::{DeliveryId, MerchantId},
        money::Money,
    },
    domain::{
        callbacks::StoredEvent,
        idempotency::{Answer, Claim},
        intents::{Attempt, Intent},
        ledger::{Account, Balance, Books, EntryHash, JournalEntry, Posting},
        links::store::{Subject, TokenRow},
    },
};
use serde_json::json;
use sqlx::PgConnection;
use std::collections::HashMap;
use time::OffsetDateTime;

/// Stores a new intent that waits for its payer.
pub(super) async fn insert_intent(
    db: &mut PgConnection,
    intent: &Intent,
) -> Result<(), sqlx::Error> {
    let terms = &*intent.terms;
    let lines: Vec<_> = terms
        .line_items
        .iter()
        .map(|line| json!({"label": line.label, "quantity": line.quantity, "unit_amount": line.unit_amount.minor()}))
        .collect();
    let thread = terms.details.thread.as_ref().map(|thread| json!(thread));
    let insert = sqlx::query!(
        "-- bench.insert_intent
        INSERT INTO payment_intents (merchant_id, id, status, currency, amount, tip,
            capture_method, description, reference, thread,
            line_items, metadata, rail, payment_link_id, event_sequence, expires_at, created_at,
                updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        intent.merchant.0,
        intent.id.0,
        intent.state.status().as_str(),
        terms.amount.currency().code(),
        terms.amount.minor(),
        terms.tip.map(Money::minor),
        terms.capture_method.as_str(),
        terms.details.description,
        terms.details.reference,
        thread,
        json!(lines),
        json!(terms.details.metadata),
        intent.route.rail.as_str(),
        terms.payment_link.map(|link| link.0),
        intent.event_sequence,
        intent.expires_at(),
        intent.created_at,
        intent.updated_at
    );
    insert.execute(db).await.map(drop)
}

/// Stores a paid intent, unless another request changed it since it was `seen`.
pub(super) async fn update_intent(
    db: &mut PgConnection,
    seen: &Intent,
    intent: &Intent,
) -> Result<bool, sqlx::Error> {
    let update = sqlx::query!(
        "-- bench.update_intent
        UPDATE payment_intents SET status = $3, amount_authorized = $4, amount_captured = $5,
            charge_attempt_id = $6,
            last_error = NULL, event_sequence = $7, updated_at = $8
        WHERE merchant_id = $1 AND id = $2 AND status = $9 AND event_sequence = $10",
        intent.merchant.0,
        intent.id.0,
        intent.state.status().as_str(),
        intent.sums.authorized.minor(),
        intent.sums.captured.minor(),
        intent.charge.map(|charge| charge.0),
        intent.event_sequence,
        intent.updated_at,
        seen.state.status().as_str(),
        seen.event_sequence
    );
    Ok(update.execute(db).await?.rows_affected() == 1)
}

/// Stores the token of a new intent's page.
pub(super) async fn insert_token(
    db: &mut PgConnection,
    (hash, merchant, subject): TokenRow,
) -> Result<(), sqlx::Error> {
    let (intent, link) = match subject {
        Subject::Intent(id) => (Some(id.0), None),
        Subject::Link(id) => (None, Some(id.0)),
    };
    let insert = sqlx::query!(
        "-- bench.insert_token
        INSERT INTO link_tokens (token_hash, merchant_id, intent_id, link_id) VALUES ($1, $2, $3,
            $4)",
        &hash[..],
        merchant.0,
        intent,
        link
    );
    insert.execute(db).await.map(drop)
}

/// Stores an attempt with its outcome.
pub(super) async fn insert_attempt(
    db: &mut PgConnection,
    attempt: &Attempt,
) -> Result<(), sqlx::Error> {
    let insert = sqlx::query!(
        "-- bench.insert_attempt
        INSERT INTO attempts (merchant_id, id, intent_id, kind, status, rail, payment_method,
            amount, currency, idempotency_key, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        attempt.merchant.0,
        attempt.id.0,
        attempt.intent.0,
        attempt.kind.as_str(),
        attempt.status.as_str(),
        attempt.route.rail.as_str(),
        attempt.method.map(|method| method.to_string()),
        attempt.amount.minor(),
        attempt.amount.currency().code(),
        attempt.idempotency_key,
        attempt.created_at,
        attempt.updated_at
    );
    insert.execute(db).await.map(drop)
}

/// Stores a key with its answer; false if it is there already.
pub(super) async fn insert_key(
    db: &mut PgConnection,
    merchant: MerchantId,
    (claim, answer): (&Claim, &Answer),
    now: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let insert = sqlx::query!(
        "-- bench.insert_key
        INSERT INTO idempotency_keys (merchant_id, key, fingerprint, status, answer, created_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        merchant.0,
        claim.key.as_str(),
        &claim.fingerprint.0[..],
        i16::try_from(answer.status).unwrap_or_default(),
        answer.body,
        now
    );
    Ok(insert.execute(db).await?.rows_affected() == 1)
}

/// Takes the merchant's next place in the feed and with it the lock of its books; nothing if
/// there is no such merchant.
pub(super) async fn next_event(
    db: &mut PgConnection,
    merchant: MerchantId,
) -> Result<Option<i64>, sqlx::Error> {
    let update = sqlx::query_scalar!(
        "-- bench.next_event
        UPDATE books SET event_sequence = event_sequence + 1
            WHERE merchant_id = $1 RETURNING event_sequence",
        merchant.0
    );
    update.fetch_optional(db).await
}

/// Takes the lock of the merchant's books and reads where they stand, without balances.
pub(super) async fn lock_books(
    db: &mut PgConnection,
    merchant: MerchantId,
) -> Result<Option<Books>, sqlx::Error> {
    let lock = sqlx::query!(
        "-- bench.lock_books
        SELECT entry_sequence, entry_hash, event_sequence, booked_at FROM books
            WHERE merchant_id = $1 FOR UPDATE",
        merchant.0
    );
    Ok(lock.fetch_optional(db).await?.map(|row| Books {
        merchant,
        entry_sequence: row.entry_sequence,
        entry_hash: EntryHash(row.entry_hash.try_into().unwrap_or_default()),
        mode: crate::base::mode::Mode::Test,
        event_sequence: row.event_sequence,
        booked_at: row.booked_at,
        balances: HashMap::new(),
    }))
}

/// Stores where the merchant's books stand.
pub(super) async fn save_books(db: &mut PgConnection, books: &Books) -> Result<(), sqlx::Error> {
    let update = sqlx::query!(
        "-- bench.save_books
        UPDATE books SET entry_sequence = $2, entry_hash = $3, event_sequence = $4, booked_at = $5
            WHERE merchant_id = $1",
        books.merchant.0,
        books.entry_sequence,
        &books.entry_hash.0[..],
        books.event_sequence,
        books.booked_at
    );
    update.execute(db).await.map(drop)
}

/// Adds `amount` to the debits of one account and to the credits of another, and gives both
/// balances as they were before.
pub(super) async fn post(
    db: &mut PgConnection,
    merchant: MerchantId,
    (debit, credit): (&Account, &Account),
    amount: Money,
) -> Result<[Balance; 2], sqlx::Error> {
    let debit = debit.to_string();
    let upsert = sqlx::query!(
        "-- bench.post
        INSERT INTO balances (merchant_id, account, currency, debits, credits) VALUES ($1, $2, $4,
            $5, 0), ($1, $3, $4, 0, $5)
        ON CONFLICT (merchant_id, account, currency)
            DO UPDATE SET debits = balances.debits + excluded.debits,
                credits = balances.credits + excluded.credits
        RETURNING account, debits, credits",
        merchant.0,
        debit,
        credit.to_string(),
        amount.currency().code(),
        amount.minor()
    );
    let mut before = [Balance::default(); 2];
    let [debited, credited] = &mut before;
    for row in upsert.fetch_all(db).await? {
        let (debits, credits) = (i128::from(row.debits), i128::from(row.credits));
        let minor = i128::from(amount.minor());
        if row.account == debit {
            *debited = Balance {
                debits: debits - minor,
                credits,
            };
        } else {
            *credited = Balance {
                debits,
                credits: credits - minor,
            };
        }
    }
    Ok(before)
}

/// Stores an entry.
pub(super) async fn insert_entry(
    db: &mut PgConnection,
    entry: &JournalEntry,
) -> Result<(), sqlx::Error> {
    let insert = sqlx::query!(
        "-- bench.insert_entry
        INSERT INTO journal_entries (
            merchant_id, sequence, id, kind, source, payment_intent_id, booked_at, effective_date,
            cause, reference, description, rail, previous_hash, hash_version, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        entry.merchant.0,
        entry.sequence,
        entry.id.0,
        entry.kind,
        entry.source,
        entry.origin.payment_intent.map(|id| id.0),
        entry.booked_at,
        entry.effective_date,
        entry.origin.cause,
        entry.origin.reference,
        entry.origin.description,
        entry.origin.rail,
        &entry.previous_hash.0[..],
        entry.hash_version,
        &entry.hash.0[..]
    );
    insert.execute(db).await.map(drop)
}

/// The balance after a posting. The benchmark's accounts do not outgrow 64 bits.
fn narrow(posting: &Posting) -> Result<i64, sqlx::Error> {
    let after = i64::try_from(posting.balance_after.minor());
    after.map_err(|e| sqlx::Error::Encode(e.into()))
}

/// Stores the two postings of an entry: in one statement, since the schema holds each statement
/// to be balanced.
pub(super) async fn insert_postings(
    db: &mut PgConnection,
    entry: &JournalEntry,
) -> Result<(), sqlx::Error> {
    let [one, two] = entry.postings.as_slice() else {
        return Err(sqlx::Error::Protocol(
            "an entry of the benchmark has two postings".to_owned(),
        ));
    };
    let insert = sqlx::query!(
        "-- bench.insert_postings
        INSERT INTO postings (merchant_id, entry_sequence, line, account, direction, amount,
            currency, balance_after, booked_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9), ($1, $2, $10, $11, $12, $13, $7, $14, $9)",
        entry.merchant.0,
        entry.sequence,
        one.line,
        one.account,
        one.direction.as_str(),
        one.amount.minor(),
        one.amount.currency().code(),
        narrow(one)?,
        entry.booked_at,
        two.line,
        two.account,
        two.direction.as_str(),
        two.amount.minor(),
        narrow(two)?
    );
    insert.execute(db).await.map(drop)
}

/// Appends an event to the feed.
pub(super) async fn insert_event(
    db: &mut PgConnection,
    event: &StoredEvent,
) -> Result<(), sqlx::Error> {
    let insert = sqlx::query!(
        "-- bench.insert_event
        INSERT INTO events (merchant_id, sequence, id, type, intent_id, intent_sequence,
            conversation, payload, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        event.merchant.0,
        event.sequence,
        event.id.0,
        event.event_type.as_str(),
        event.intent_id,
        event.intent_sequence,
        event.conversation,
        event.payload,
        event.created_at
    );
    insert.execute(db).await.map(drop)
}

/// Records the delivery of `event` to the merchant's one endpoint.
pub(super) async fn insert_delivery(
    db: &mut PgConnection,
    id: DeliveryId,
    event: &StoredEvent,
) -> Result<(), sqlx::Error> {
    let kind = event.event_type.as_str();
    let noun = kind.split_once('.').map_or(kind, |(noun, _)| noun);
    let wanted = ["*".to_owned(), kind.to_owned(), format!("{noun}.*")];
    let insert = sqlx::query!(
        "-- bench.insert_delivery
        WITH owed AS (
            INSERT INTO deliveries (merchant_id, id, endpoint_id, event_sequence, intent_id,
                status, due_at, created_at, updated_at)
            SELECT $1, $2, e.id, $3, $6, 'pending', $4, $4, $4 FROM callback_endpoints e
            WHERE e.merchant_id = $1 AND e.deleted_at IS NULL AND e.status = 'enabled'
                AND e.event_types && $5 LIMIT 1
            RETURNING merchant_id, endpoint_id
        )
        INSERT INTO waiting_endpoints (merchant_id, endpoint_id, at)
            SELECT merchant_id, endpoint_id, $4 FROM owed ON CONFLICT DO NOTHING",
        event.merchant.0,
        id.0,
        event.sequence,
        event.created_at,
        &wanted,
        event.intent_id
    );
    insert.execute(db).await.map(drop)
}

/// Forgets what is due, so that what is sent is what was caused since.
pub(super) async fn forget_owed(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let delete =
        sqlx::query!("-- bench.forget_owed\nDELETE FROM deliveries WHERE status = 'pending'");
    if delete.execute(&mut *db).await?.rows_affected() > 0 {
        // Those who look for what is due would walk over what is gone.
        let vacuum = sqlx::query("-- bench.vacuum_deliveries\nVACUUM deliveries");
        vacuum.execute(db).await?;
    }
    Ok(())
}

/// Whether there are merchants of another name.
pub(super) async fn holds_others(db: &Db, name: &str) -> Result<bool, DbError> {
    let mut connection = db.connect(Use::General).await?;
    let others = sqlx::query_scalar!(
        r#"-- bench.holds_others
        SELECT EXISTS (SELECT FROM merchants WHERE name <> $1) AS "others!""#,
        name
    );
    Ok(others.fetch_one(&mut connection).await?)
}
