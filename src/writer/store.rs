//! SQL across the nouns: what a batch pays one round trip for, though it is about several. First what
//! nearly every command looks at, under the lock of its merchant's books; in the end what nearly
//! every command leaves.
#![expect(
    clippy::as_conversions,
    reason = "this is how sqlx is told of arrays with nulls"
)]

use super::world::{BalanceName, World};
use crate::{
    base::{
        ids::{EndpointId, IntentId, MerchantId},
        money::CurrencyError,
        names::UnknownName,
    },
    domain::{
        callbacks::{self, store::EndpointRow},
        idempotency::{self, store::KeyName},
        intents::{Intent, columns},
        ledger::{self, Balance, Books},
    },
};
use sqlx::PgConnection;
use std::collections::{HashMap, HashSet};
use time::OffsetDateTime;
use uuid::Uuid;

/// What [`load`] looks for.
#[derive(Debug)]
pub struct LoadRequest<'a> {
    /// Merchants, whose books and endpoints are looked at.
    pub merchants: &'a [Uuid],
    /// Balances.
    pub balances: &'a HashSet<BalanceName>,
    /// Idempotency keys.
    pub keys: &'a [KeyName],
    /// Intents of which it matters what endpoints are still owed.
    pub owed: &'a [(MerchantId, IntentId)],
}

/// One of several kinds of rows: which columns it has depends on `part`.
struct Row {
    part: String,
    merchant_id: Uuid,
    mode: Option<String>,
    entry_sequence: Option<i64>,
    entry_hash: Option<Vec<u8>>,
    event_sequence: Option<i64>,
    booked_at: Option<OffsetDateTime>,
    account: Option<String>,
    currency: Option<String>,
    debits: Option<String>,
    credits: Option<String>,
    key: Option<String>,
    fingerprint: Option<Vec<u8>>,
    answer_status: Option<i16>,
    answer: Option<Vec<u8>>,
    endpoint_id: Option<Uuid>,
    intent_id: Option<Uuid>,
    url: Option<String>,
    event_types: Option<Vec<String>>,
    description: Option<String>,
    status: Option<String>,
    disabled_reason: Option<String>,
    ordering: Option<String>,
    stripe_signature: Option<bool>,
    public_key: Option<Vec<u8>>,
    created_at: Option<OffsetDateTime>,
    updated_at: Option<OffsetDateTime>,
}

/// Loads what is asked for. The books come first, so that the balances find theirs; a balance that
/// has no row yet is zero.
pub async fn load(
    db: &mut PgConnection,
    world: &mut World,
    request: &LoadRequest<'_>,
) -> Result<(), sqlx::Error> {
    let balances = balance_columns(request.balances);
    let key_merchants: Vec<Uuid> = request.keys.iter().map(|name| name.0.0).collect();
    let keys: Vec<&str> = request.keys.iter().map(|name| name.1.as_str()).collect();
    let owed_by: Vec<Uuid> = request.owed.iter().map(|name| name.0.0).collect();
    let owed: Vec<Uuid> = request.owed.iter().map(|name| name.1.0).collect();
    let load = sqlx::query_file_as!(
        Row,
        "src/writer/load.sql",
        request.merchants,
        &balances.0,
        &balances.1,
        &balances.2,
        &key_merchants,
        &keys as &[&str],
        &owed_by,
        &owed
    );
    for row in load.fetch_all(db).await? {
        row.take_into(world)?;
    }
    for (merchant, name) in request.balances {
        let books = world.books.get_mut(merchant);
        books.map(|books| books.balances.entry(name.clone()).or_default());
    }
    Ok(())
}

fn balance_columns(names: &HashSet<BalanceName>) -> (Vec<Uuid>, Vec<String>, Vec<String>) {
    let merchants = names.iter().map(|(merchant, _)| merchant.0).collect();
    let accounts = names.iter().map(|(_, (account, _))| account.clone());
    let currencies = names
        .iter()
        .map(|(_, (_, currency))| currency.code().to_owned());
    (merchants, accounts.collect(), currencies.collect())
}

/// A column that this kind of row has.
fn required<T>(column: Option<T>) -> Result<T, sqlx::Error> {
    column.ok_or_else(|| sqlx::Error::Decode("a column of writer.load is null".into()))
}

impl Row {
    fn take_into(self, world: &mut World) -> Result<(), sqlx::Error> {
        let merchant = MerchantId(self.merchant_id);
        match self.part.as_str() {
            "books" => drop(world.books.insert(merchant, self.books()?)),
            "balance" => {
                let (name, balance) = self.balance()?;
                let books = world.books.get_mut(&merchant);
                books.map(|books| books.balances.insert(name, balance));
            }
            "key" => {
                let record = idempotency::store::record(
                    required(self.fingerprint)?,
                    (self.answer_status, self.answer),
                );
                world.keys.load((merchant, required(self.key)?), record);
            }
            "endpoint" => {
                let endpoint = self.endpoint()?.read()?;
                world.endpoints.load((merchant, endpoint.id), endpoint);
            }
            "owed" => {
                let endpoint = EndpointId(required(self.endpoint_id)?);
                world.owed.insert((endpoint, required(self.intent_id)?));
            }
            other => {
                let unknown = format!("writer.load knows no part {other:?}");
                return Err(sqlx::Error::Decode(unknown.into()));
            }
        }
        Ok(())
    }

    fn books(self) -> Result<Books, sqlx::Error> {
        Ok(Books {
            merchant: MerchantId(self.merchant_id),
            entry_sequence: required(self.entry_sequence)?,
            entry_hash: ledger::store::to_hash(&required(self.entry_hash)?),
            mode: required(self.mode)?
                .parse()
                .map_err(|e: UnknownName| sqlx::Error::Decode(e.into()))?,
            event_sequence: required(self.event_sequence)?,
            booked_at: required(self.booked_at)?,
            balances: HashMap::new(),
        })
    }

    fn balance(self) -> Result<((String, crate::base::money::Currency), Balance), sqlx::Error> {
        let currency = required(self.currency)?.parse();
        let currency = currency.map_err(|e: CurrencyError| sqlx::Error::Decode(e.into()))?;
        let balance = Balance {
            debits: ledger::store::to_sum(&required(self.debits)?)?,
            credits: ledger::store::to_sum(&required(self.credits)?)?,
        };
        Ok(((required(self.account)?, currency), balance))
    }

    fn endpoint(self) -> Result<EndpointRow, sqlx::Error> {
        Ok(EndpointRow {
            merchant_id: self.merchant_id,
            id: required(self.endpoint_id)?,
            url: required(self.url)?,
            event_types: required(self.event_types)?,
            description: self.description,
            status: required(self.status)?,
            disabled_reason: self.disabled_reason,
            ordering: required(self.ordering)?,
            stripe_signature: required(self.stripe_signature)?,
            public_key: self.public_key,
            created_at: required(self.created_at)?,
            updated_at: required(self.updated_at)?,
            deleted_at: None,
        })
    }
}

/// Stores new keys, events with their deliveries, the heads of `books`, and new intents, each with
/// the hash of the token that opens its page. The books are locked, so their order does not matter.
pub async fn record_common(
    db: &mut PgConnection,
    world: &World,
    (books, opened): (&[&Books], &[(&Intent, &[u8])]),
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let intents: Vec<&Intent> = opened.iter().map(|(intent, _)| *intent).collect();
    let hashes: Vec<&[u8]> = opened.iter().map(|(_, hash)| *hash).collect();
    let key = idempotency::store::columns(&world.keys.made());
    let told = callbacks::store::columns(&world.events, &world.deliveries);
    let head = ledger::store::heads(books);
    let (moving, fixed) = (columns::moving(&intents), columns::fixed(&intents));
    let record_common = sqlx::query!(
        "-- writer.record_common
        WITH answered AS (
            INSERT INTO idempotency_keys (merchant_id, key, fingerprint, status, answer, created_at)
            SELECT UNNEST($1::uuid[]), UNNEST($2::text[]), UNNEST($3::bytea[]), UNNEST($4::smallint[]), UNNEST($5::bytea[]), $6),
        moved AS (
            UPDATE books SET entry_sequence = u.entry_sequence, entry_hash = u.entry_hash, event_sequence = u.event_sequence, booked_at = u.booked_at
            FROM (SELECT UNNEST($7::uuid[]) AS merchant_id, UNNEST($8::bigint[]) AS entry_sequence, UNNEST($9::bytea[]) AS entry_hash,
                UNNEST($10::bigint[]) AS event_sequence, UNNEST($11::timestamptz[]) AS booked_at) u
            WHERE books.merchant_id = u.merchant_id),
        told AS (
            INSERT INTO events (merchant_id, sequence, id, type, intent_id, intent_sequence, conversation, payload, created_at)
            SELECT UNNEST($12::uuid[]), UNNEST($13::bigint[]), UNNEST($14::uuid[]), UNNEST($15::text[]), UNNEST($16::uuid[]),
                UNNEST($17::integer[]), UNNEST($18::text[]), UNNEST($19::bytea[]), UNNEST($20::timestamptz[])),
        owed AS (
            INSERT INTO deliveries (merchant_id, id, endpoint_id, event_sequence, intent_id, status, attempts, lease_id, due_at, created_at, updated_at)
            SELECT u.merchant_id, u.id, u.endpoint_id, u.event_sequence, u.intent_id, CASE WHEN u.held THEN 'held' ELSE 'pending' END,
                (u.lease_id IS NOT NULL)::integer, u.lease_id, u.due_at, u.created_at, u.created_at
            FROM (SELECT UNNEST($21::uuid[]) AS merchant_id, UNNEST($22::uuid[]) AS id, UNNEST($23::uuid[]) AS endpoint_id,
                UNNEST($24::bigint[]) AS event_sequence, UNNEST($25::uuid[]) AS intent_id, UNNEST($26::boolean[]) AS held,
                UNNEST($27::uuid[]) AS lease_id, UNNEST($28::timestamptz[]) AS due_at, UNNEST($29::timestamptz[]) AS created_at) u),
        opened AS (
            INSERT INTO link_tokens (token_hash, merchant_id, intent_id)
            SELECT UNNEST($57::bytea[]), UNNEST($30::uuid[]), UNNEST($31::uuid[]))
        INSERT INTO payment_intents (merchant_id, id, status, amount_authorized, amount_captured, amount_refunded, amount_refunding,
            open_attempt_id, open_attempt_kind, charge_attempt_id, last_error, cancellation_reason, event_sequence, updated_at,
            currency, amount, tip, capture_method, description, reference, thread, line_items, metadata, rail, payment_link_id, expires_at, created_at)
        SELECT UNNEST($30::uuid[]), UNNEST($31::uuid[]), UNNEST($32::text[]), UNNEST($33::bigint[]), UNNEST($34::bigint[]), UNNEST($35::bigint[]), UNNEST($36::bigint[]),
            UNNEST($37::uuid[]), UNNEST($38::text[]), UNNEST($39::uuid[]), UNNEST($40::text[])::jsonb, UNNEST($41::text[]), UNNEST($42::integer[]), UNNEST($43::timestamptz[]),
            UNNEST($44::text[]), UNNEST($45::bigint[]), UNNEST($46::bigint[]), UNNEST($47::text[]), UNNEST($48::text[]), UNNEST($49::text[]), UNNEST($50::text[])::jsonb,
            UNNEST($51::text[])::jsonb, UNNEST($52::text[])::jsonb, UNNEST($53::text[]), UNNEST($54::uuid[]), UNNEST($55::timestamptz[]), UNNEST($56::timestamptz[])",
        &key.merchants, &key.keys as &[&str], &key.fingerprints as &[&[u8]], &key.statuses as &[Option<i16>], &key.answers as &[Option<&[u8]>], now,
        &head.merchants, &head.entry_sequences, &head.entry_hashes, &head.event_sequences, &head.booked_at,
        &told.merchants, &told.sequences, &told.ids, &told.types as &[&str], &told.intents as &[Option<Uuid>],
        &told.intent_sequences as &[Option<i32>], &told.conversations as &[Option<&str>], &told.payloads as &[&[u8]], &told.created_at,
        &told.owed_by, &told.delivery_ids, &told.endpoints, &told.owed, &told.about as &[Option<Uuid>], &told.held,
        &told.leases as &[Option<Uuid>], &told.due_at, &told.owed_since,
        &moving.merchants, &moving.ids, &moving.statuses as &[&str], &moving.authorized, &moving.captured, &moving.refunded, &moving.refunding,
        &moving.attempts as &[Option<Uuid>], &moving.kinds as &[Option<&str>], &moving.charges as &[Option<Uuid>],
        &moving.errors as &[Option<String>], &moving.reasons as &[Option<&str>], &moving.sequences, &moving.updated,
        &fixed.currencies as &[&str], &fixed.amounts, &fixed.tips as &[Option<i64>], &fixed.methods as &[&str], &fixed.descriptions as &[Option<&str>],
        &fixed.references as &[Option<&str>], &fixed.threads as &[Option<String>], &fixed.lines, &fixed.metadata, &fixed.rails as &[&str],
        &fixed.links as &[Option<Uuid>], &fixed.expires, &fixed.created, &hashes as &[&[u8]]
    );
    record_common.execute(db).await.map(drop)
}
