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
        db::all_written,
        ids::{EndpointId, IntentId, MerchantId},
        money::CurrencyError,
        names::UnknownName,
    },
    domain::{
        callbacks::{self, store::EndpointRow},
        clocks::Clock,
        idempotency::{self, store::KeyName},
        intents::{
            Intent,
            columns::{Immutable, Mutable},
        },
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
    /// Intents of which it matters what is still to be sent.
    pub pending: &'a [(MerchantId, IntentId)],
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
    clock_offset: Option<i64>,
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
    created_by: Option<String>,
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
    let pending_by: Vec<Uuid> = request.pending.iter().map(|name| name.0.0).collect();
    let pending: Vec<Uuid> = request.pending.iter().map(|name| name.1.0).collect();
    let load = sqlx::query_file_as!(
        Row,
        "src/writer/load.sql",
        request.merchants,
        &balances.0,
        &balances.1,
        &balances.2,
        &key_merchants,
        &keys as &[&str],
        &pending_by,
        &pending
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
            "books" => {
                let clock = Clock::stored(merchant, required(self.clock_offset)?);
                world.clocks.load(merchant, clock);
                world.books.insert(merchant, self.books()?);
            }
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
                let endpoint = self.endpoint()?.read();
                world.endpoints.load((merchant, endpoint.id), endpoint);
            }
            "owed" => {
                let endpoint = EndpointId(required(self.endpoint_id)?);
                world.pending.insert((endpoint, required(self.intent_id)?));
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
            created_by: self.created_by,
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
    let (intents, hashes): (Vec<&Intent>, Vec<&[u8]>) = opened.iter().copied().unzip();
    let key = idempotency::store::columns(&world.keys.made());
    let columns = callbacks::store::columns(&world.events, &world.deliveries);
    let head = ledger::store::heads(books);
    let (mutable, immutable) = (Mutable::of(&intents), Immutable::of(&intents));
    #[rustfmt::skip]
    let record_common = sqlx::query_file_scalar!(
        "src/writer/record_common.sql",
        // keys
        &key.merchants, &key.keys as &[&str], &key.fingerprints as &[&[u8]],
        &key.statuses as &[Option<i16>], &key.answers as &[Option<&[u8]>], now,
        // heads of books
        &head.merchants, &head.entry_sequences, &head.entry_hashes, &head.event_sequences,
        &head.booked_at,
        // events
        &columns.merchants, &columns.sequences, &columns.ids, &columns.types as &[&str],
        &columns.intents as &[Option<Uuid>], &columns.intent_sequences as &[Option<i32>],
        &columns.conversations as &[Option<&str>], &columns.actors, &columns.payloads as &[&[u8]],
        &columns.created_at,
        // deliveries
        &columns.delivery_merchants, &columns.delivery_ids, &columns.endpoints, &columns.delivery_events,
        &columns.about as &[Option<Uuid>], &columns.held, &columns.leases as &[Option<Uuid>], &columns.due_at,
        &columns.made_at,
        // tokens of new intents' pages
        &hashes as &[&[u8]],
        // new intents: what changes later
        &mutable.merchants, &mutable.ids, &mutable.statuses as &[&str], &mutable.authorized,
        &mutable.captured, &mutable.refunded, &mutable.refunding,
        &mutable.attempts as &[Option<Uuid>], &mutable.kinds as &[Option<&str>],
        &mutable.charges as &[Option<Uuid>], &mutable.errors as &[Option<String>],
        &mutable.blocked as &[Option<OffsetDateTime>],
        &mutable.reasons as &[Option<&str>], &mutable.sequences, &mutable.updated,
        // new intents: what never changes
        &immutable.currencies as &[&str], &immutable.amounts, &immutable.tips as &[Option<i64>],
        &immutable.methods as &[&str], &immutable.descriptions as &[Option<&str>],
        &immutable.references as &[Option<&str>], &immutable.threads as &[Option<String>],
        &immutable.lines, &immutable.metadata,
        &immutable.allowed as &[Option<String>],
        &immutable.links as &[Option<Uuid>], &immutable.expires, &immutable.created,
        &mutable.rails as &[&str], &mutable.accounts as &[Option<Uuid>],
        &mutable.methods as &[Option<String>],
    );
    let heads = record_common.fetch_one(db).await?;
    all_written(u64::try_from(heads).unwrap_or_default(), books.len())
}
