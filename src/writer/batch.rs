//! One batch in one transaction: lock, load, decide, record, commit.

use super::{
    Context, Rejection, RenderRejection, Reply, Submission,
    decide::decide,
    needs::Needs,
    store::{self, LoadRequest},
    world::World,
};
use crate::{
    base::{
        ambient::Ambient,
        ids::{IntentId, MerchantId},
    },
    domain::{
        callbacks::{
            self,
            outbox::{Handover, Reserved},
        },
        idempotency,
        intents::{self, attempt, refund},
        ledger,
        links::{
            self, PageUrls,
            store::{Subject, TokenRow},
        },
        rails::Rail,
    },
};
use sqlx::PgConnection;
use std::collections::{BTreeSet, HashMap};
use time::OffsetDateTime;
use uuid::Uuid;

/// What became of each command of a batch, in its order.
pub type Replies = Vec<Result<Reply, Rejection>>;

/// What every batch of a lane is decided with.
#[derive(Clone, Copy, Debug)]
pub struct Services<'a> {
    /// Time, ids and chance.
    pub ambient: &'a Ambient,
    /// Addresses of pages.
    pub urls: &'a PageUrls,
    /// How rejections are printed.
    pub render: RenderRejection,
    /// Where new deliveries are handed to the dispatcher.
    pub handover: &'a Handover,
}

/// What a batch wrote, beside its replies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchSummary {
    /// Deliveries that are now owed and wait to be claimed.
    pub deliveries: usize,
    /// Replays that are now ordered.
    pub replays: usize,
    /// Merchants who have new events, each once.
    pub told: Vec<MerchantId>,
}

/// Runs a batch to its commit. An error means that nothing of it was done, unless the connection
/// broke while committing: then nobody knows, and the idempotency keys make asking again safe.
pub async fn run(
    db: &mut PgConnection,
    batch: &[Submission],
    services: Services<'_>,
) -> Result<(Replies, BatchSummary), sqlx::Error> {
    let merchants: BTreeSet<Uuid> = batch.iter().map(|s| s.merchant.0).collect();
    let merchants: Vec<Uuid> = merchants.into_iter().collect();
    let mut transaction = ledger::store::begin_locked(db, &merchants).await?;
    let mut world = World::default();
    let short_way = services.handover.is_attended();
    load(&mut transaction, &mut world, (batch, &merchants), short_way).await?;
    // After the lock: so the order of times is the order of the books.
    let context = Context {
        now: services.ambient.now(),
        ambient: services.ambient,
        urls: services.urls,
        render: services.render,
        ask: Rail::answer_at_once,
    };
    let replies = decide_all(&mut world, batch, context);
    let reserved = reserve(&mut world, services.handover, short_way, context.now);
    record(&mut transaction, &world, context).await?;
    transaction.commit().await?;
    let waiting = world.deliveries.len() - reserved.count();
    reserved.hand_over();
    Ok((
        replies,
        BatchSummary {
            deliveries: waiting,
            replays: world.replays.len(),
            told: told(&world),
        },
    ))
}

/// Decides the commands in turn.
fn decide_all(world: &mut World, batch: &[Submission], context: Context<'_>) -> Replies {
    let decided = batch.iter().map(|submission| {
        if world.books.contains_key(&submission.merchant) {
            decide(world, submission, context)
        } else {
            Err(Rejection::NotFound("merchant"))
        }
    });
    decided.collect()
}

/// Puts what may go the short way under the dispatcher's lease.
fn reserve<'a>(
    world: &mut World,
    handover: &'a Handover,
    short_way: bool,
    now: OffsetDateTime,
) -> Reserved<'a> {
    let World {
        deliveries,
        events,
        endpoints,
        owed,
        ..
    } = world;
    let find = |merchant, endpoint| endpoints.get(&(merchant, endpoint));
    let owed = short_way.then(|| std::mem::take(owed));
    handover.reserve((events, deliveries), find, owed, now)
}

fn told(world: &World) -> Vec<MerchantId> {
    let mut told: Vec<MerchantId> = world.events.iter().map(|event| event.merchant).collect();
    told.sort_unstable();
    told.dedup();
    told
}

async fn load(
    db: &mut PgConnection,
    world: &mut World,
    (batch, merchants): (&[Submission], &[Uuid]),
    short_way: bool,
) -> Result<(), sqlx::Error> {
    let mut needs = Needs::of(batch);
    let wanted = LoadRequest {
        merchants,
        balances: if needs.balances { merchants } else { &[] },
        keys: &needs.keys,
        owed: if short_way { &needs.intents } else { &[] },
    };
    store::load(db, world, &wanted).await?;
    if !needs.intents.is_empty() {
        let unknown: Vec<_> = needs.intents.iter().map(|name| (*name, None)).collect();
        for read in intents::store::load(db, &unknown).await? {
            let intent = read.intent;
            needs.add_named_by(&intent);
            world.intents.load((intent.merchant, intent.id), intent);
        }
    }
    if !needs.attempts.is_empty() {
        for attempt in attempt::store::load(db, &needs.attempts).await? {
            world.attempts.load((attempt.merchant, attempt.id), attempt);
        }
    }
    if !needs.refunds.is_empty() {
        for refund in refund::store::load(db, &needs.refunds).await? {
            world.refunds.load((refund.merchant, refund.id), refund);
        }
    }
    if !needs.links.is_empty() {
        for link in links::store::load(db, &needs.links).await? {
            world.links.load((link.merchant, link.id), link);
        }
    }
    if !needs.secrets.is_empty() {
        for secret in callbacks::secrets::store::load(db, &needs.secrets).await? {
            let key = (secret.merchant, secret.endpoint, secret.number);
            world.secrets.load(key, secret);
        }
    }
    Ok(())
}

/// Calls a store's function if there is anything to store.
macro_rules! store {
    ($rows:expr, |$needs:ident| $call:expr) => {
        let $needs = $rows;
        if !$needs.is_empty() {
            $call.await?;
        }
    };
}

async fn record(
    db: &mut PgConnection,
    world: &World,
    context: Context<'_>,
) -> Result<(), sqlx::Error> {
    store!(values(world.links.made()), |rows| links::store::insert(
        db, &rows
    ));
    store!(values(world.links.changed()), |rows| links::store::update(
        db, &rows
    ));
    let (hashes, link_tokens) = tokens(world);
    let (changed, attempted) = (
        values(world.intents.changed()),
        values(world.attempts.made()),
    );
    if !(changed.is_empty() && attempted.is_empty()) {
        intents::store::update_with_attempts(db, (&changed, &attempted)).await?;
    }
    store!(link_tokens, |rows| links::store::insert_tokens(db, &rows));
    store!(values(world.attempts.changed()), |rows| {
        attempt::store::update(db, &rows)
    });
    store!(values(world.refunds.made()), |rows| refund::store::insert(
        db, &rows
    ));
    store!(values(world.refunds.changed()), |rows| {
        refund::store::update(db, &rows)
    });
    store!(&world.opened, |rows| ledger::store::open_accounts(
        db,
        rows,
        context.now
    ));
    if !world.rebalanced.is_empty() {
        ledger::store::record(db, &world.entries, &balances(world)).await?;
    }
    store!(world.keys.changed(), |rows| idempotency::store::finish(
        db, &rows
    ));
    store!(endpoints(world), |rows| callbacks::store::upsert_endpoints(
        db, &rows
    ));
    store!(secrets(world), |rows| callbacks::secrets::store::upsert(
        db, &rows
    ));
    store!(&world.replays, |rows| callbacks::replay::store::insert(
        db, rows
    ));
    let books = moved_books(world);
    let opened = values(world.intents.made()).into_iter().map(|intent| {
        let hash = hashes.get(&intent.id).copied();
        let hash = hash.ok_or_else(|| sqlx::Error::Encode("an intent without a page".into()));
        Ok::<_, sqlx::Error>((intent, hash?))
    });
    let opened = opened.collect::<Result<Vec<_>, _>>()?;
    // A new intent is told of, so its books have moved.
    if !(world.keys.made().is_empty() && books.is_empty()) {
        store::record_common(db, world, (&books, &opened), context.now).await?;
    }
    Ok(())
}

/// The hashes of new intents' tokens, and the tokens of new links.
fn tokens(world: &World) -> (HashMap<IntentId, &[u8]>, Vec<TokenRow>) {
    let mut hashes = HashMap::new();
    let mut links = Vec::new();
    for (hash, merchant, subject) in &world.tokens {
        match subject {
            Subject::Intent(id) => drop(hashes.insert(*id, hash.as_slice())),
            Subject::Link(_) => links.push((*hash, *merchant, *subject)),
        }
    }
    (hashes, links)
}

fn values<'a, K, V>(rows: Vec<(&'a K, &'a V)>) -> Vec<&'a V> {
    rows.into_iter().map(|(_, value)| value).collect()
}

fn balances(world: &World) -> Vec<ledger::store::BalanceRow> {
    let balance = |(merchant, name): &(MerchantId, (String, crate::base::money::Currency))| {
        let balance = world.books.get(merchant)?.balances.get(name)?;
        Some((*merchant, name.clone(), *balance))
    };
    world.rebalanced.iter().filter_map(balance).collect()
}

fn endpoints(world: &World) -> Vec<callbacks::Endpoint> {
    let touched = [world.endpoints.made(), world.endpoints.changed()];
    touched.into_iter().flat_map(values).cloned().collect()
}

fn secrets(world: &World) -> Vec<&callbacks::StoredSecret> {
    let touched = [world.secrets.made(), world.secrets.changed()];
    touched.into_iter().flat_map(values).collect()
}

/// The books whose heads moved: by an event or an entry.
fn moved_books(world: &World) -> Vec<&ledger::Books> {
    let told = world.events.iter().map(|event| event.merchant);
    let booked = world.rebalanced.iter().map(|(merchant, _)| *merchant);
    let moved: BTreeSet<MerchantId> = told.chain(booked).collect();
    let moved = |books: &&ledger::Books| moved.contains(&books.merchant);
    world.books.values().filter(moved).collect()
}
