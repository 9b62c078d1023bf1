//! One batch in one transaction: lock, load, decide, record, commit.

use super::{
    Context, Outside, Rejection, RenderRejection, Reply, Submission,
    command::{load_rows, record_rows},
    decide::decide,
    needs::Needs,
    store::{self, LoadRequest},
    world::{World, values},
};
use crate::{
    base::{
        ambient::Ambient,
        ids::{IntentId, MerchantId},
    },
    domain::{
        callbacks::outbox::{Handover, Offer, Reserved},
        idempotency,
        intents::Intent,
        ledger::{self, Books},
        links::{PageUrls, store::Subject},
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
    /// Deliveries that are now due and wait to be claimed; a clock that was moved on counts as one.
    pub deliveries: usize,
    /// Replays that are now ordered.
    pub replays: usize,
    /// Merchants who have new events, each once.
    pub notified: Vec<MerchantId>,
}

/// Runs a batch to its commit, in the transaction that locked its books at `locked_at`. An error
/// means that nothing of it was done once the transaction is rolled back, unless the connection
/// broke while committing: then nobody knows, and the idempotency keys make asking again safe.
pub async fn run(
    db: &mut PgConnection,
    batch: &[Submission],
    locked_at: OffsetDateTime,
    services: Services<'_>,
) -> Result<(Replies, BatchSummary), sqlx::Error> {
    let merchants: BTreeSet<Uuid> = batch.iter().map(|s| s.merchant.0).collect();
    let merchants: Vec<Uuid> = merchants.into_iter().collect();
    let mut world = World::default();
    let short_way = services.handover.is_attended();
    load(db, &mut world, (batch, &merchants), short_way).await?;
    let outside = Outside {
        // Postgres', after the lock: so the order of times is the order of the books.
        now: services.ambient.at(locked_at),
        ambient: services.ambient,
    };
    let context = Context {
        now: outside.now,
        ambient: outside.ambient,
        outside,
        urls: services.urls,
        render: services.render,
        ask: Rail::answer_at_once,
    };
    let replies = decide_all(&mut world, batch, context);
    let reserved = reserve(&mut world, services.handover, short_way, context.now);
    record(db, &world, context).await?;
    ledger::store::commit(db).await?;
    let waiting = world.deliveries.len() - reserved.count() + world.clocks.changed().len();
    reserved.hand_over();
    Ok((
        replies,
        BatchSummary {
            deliveries: waiting,
            replays: world.replays.len(),
            notified: notified(&world),
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

/// Puts what may take the fast path under the dispatcher's lease.
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
        pending,
        ..
    } = world;
    let find = |merchant, endpoint| endpoints.get(&(merchant, endpoint));
    let offer = Offer {
        events,
        deliveries,
        pending: short_way.then(|| std::mem::take(pending)),
    };
    handover.reserve(offer, find, now)
}

fn notified(world: &World) -> Vec<MerchantId> {
    let mut merchants: Vec<MerchantId> = world.events.iter().map(|event| event.merchant).collect();
    merchants.sort_unstable();
    merchants.dedup();
    merchants
}

/// Loads what the commands name. The common statement comes last: rows of nouns name balances.
async fn load(
    db: &mut PgConnection,
    world: &mut World,
    (batch, merchants): (&[Submission], &[Uuid]),
    short_way: bool,
) -> Result<(), sqlx::Error> {
    let mut needs = Needs::of(batch);
    load_rows(db, world, &mut needs).await?;
    let request = LoadRequest {
        merchants,
        balances: &needs.balances,
        keys: &needs.keys,
        pending: if short_way { &needs.intents } else { &[] },
    };
    store::load(db, world, &request).await
}

async fn record(
    db: &mut PgConnection,
    world: &World,
    context: Context<'_>,
) -> Result<(), sqlx::Error> {
    record_rows(db, world, context.now).await?;
    let answered = world.keys.changed();
    if !answered.is_empty() {
        idempotency::store::finish(db, &answered, context.now).await?;
    }
    let books = moved_books(world);
    let opened = opened_intents(world)?;
    // A new intent causes an event, so its books have moved.
    if !(world.keys.made().is_empty() && books.is_empty()) {
        store::record_common(db, world, (&books, &opened), context.now).await?;
    }
    Ok(())
}

/// New intents, each with the hash of the token that opens its page.
fn opened_intents(world: &World) -> Result<Vec<(&Intent, &[u8])>, sqlx::Error> {
    let hashes = world.tokens.iter().filter_map(|(hash, _, subject)| {
        if let Subject::Intent(id) = subject {
            Some((*id, hash.as_slice()))
        } else {
            None
        }
    });
    let hashes: HashMap<IntentId, &[u8]> = hashes.collect();
    let opened = values(world.intents.made()).into_iter().map(|intent| {
        let hash = hashes.get(&intent.id).copied();
        let hash = hash.ok_or_else(|| sqlx::Error::Encode("an intent without a page".into()));
        Ok((intent, hash?))
    });
    opened.collect()
}

/// The books whose heads moved: by an event or an entry.
fn moved_books(world: &World) -> Vec<&Books> {
    let notified = world.events.iter().map(|event| event.merchant);
    let booked = world.rebalanced.iter().map(|(merchant, _)| *merchant);
    let moved: BTreeSet<MerchantId> = notified.chain(booked).collect();
    let moved = |books: &&Books| moved.contains(&books.merchant);
    world.books.values().filter(moved).collect()
}
