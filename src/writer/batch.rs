//! One batch in one transaction: lock, load, decide, record, commit.

use super::{
    Command, Rejection, RenderRejection, Reply, Scene, Submission,
    decide::decide,
    store::{self, Wanted},
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
        intents::{self, State, attempt, refund},
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

/// How many commands are decided while Postgres records what was booked before: enough to be worth
/// a statement.
const PART: usize = 64;

/// What every batch of a lane is decided with.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'a> {
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
pub struct Written {
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
    stage: Stage<'_>,
) -> Result<(Replies, Written), sqlx::Error> {
    let merchants: BTreeSet<Uuid> = batch.iter().map(|s| s.merchant.0).collect();
    let merchants: Vec<Uuid> = merchants.into_iter().collect();
    let mut transaction = ledger::store::begin_locked(db, &merchants).await?;
    let mut world = World::default();
    let short_way = stage.handover.is_attended();
    load(&mut transaction, &mut world, (batch, &merchants), short_way).await?;
    // After the lock: so the order of times is the order of the books.
    let scene = Scene {
        now: stage.ambient.now(),
        ambient: stage.ambient,
        urls: stage.urls,
        render: stage.render,
        ask: Rail::answer_at_once,
    };
    let replies = decide_in_parts(&mut transaction, &mut world, batch, scene).await?;
    let reserved = reserve(&mut world, stage.handover, short_way, scene.now);
    record(&mut transaction, &world, scene).await?;
    transaction.commit().await?;
    let waiting = world.deliveries.len() - reserved.count();
    reserved.hand_over();
    Ok((
        replies,
        Written {
            deliveries: waiting,
            replays: world.replays.len(),
            told: told(&world),
        },
    ))
}

/// Decides the commands in turn. While one part of them is decided, Postgres records what the part
/// before it booked.
async fn decide_in_parts(
    db: &mut PgConnection,
    world: &mut World,
    batch: &[Submission],
    scene: Scene<'_>,
) -> Result<Replies, sqlx::Error> {
    let mut replies = Vec::with_capacity(batch.len());
    for part in batch.chunks(PART) {
        let booked = std::mem::take(&mut world.entries);
        let recording = async {
            if booked.is_empty() {
                return Ok(());
            }
            // Balances go with the last ones.
            ledger::store::record(db, &booked, &[]).await
        };
        let deciding = async {
            replies.extend(part.iter().map(|submission| {
                if world.books.contains_key(&submission.merchant) {
                    decide(world, submission, scene)
                } else {
                    Err(Rejection::NotFound("merchant"))
                }
            }));
        };
        // In this order: what is polled first has been sent when the other begins.
        let (recorded, ()) = tokio::join!(biased; recording, deciding);
        recorded?;
    }
    Ok(replies)
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

/// Which rows the commands of a batch name, before anything is loaded.
#[derive(Default)]
struct Named {
    keys: Vec<(MerchantId, String)>,
    intents: Vec<(MerchantId, crate::base::ids::IntentId)>,
    attempts: Vec<(MerchantId, crate::base::ids::AttemptId)>,
    refunds: Vec<(MerchantId, crate::base::ids::RefundId)>,
    links: Vec<(MerchantId, crate::base::ids::LinkId)>,
    secrets: Vec<(MerchantId, crate::base::ids::EndpointId)>,
    books: bool,
}

fn named(batch: &[Submission]) -> Named {
    let mut named = Named::default();
    for Submission {
        merchant,
        command,
        claim,
        ..
    } in batch
    {
        named.keys.extend(
            claim
                .as_ref()
                .map(|claim| (*merchant, claim.key.as_str().to_owned())),
        );
        match command {
            Command::Confirm(id, _)
            | Command::Capture(id, _)
            | Command::Refund(id, _)
            | Command::Report(id, ..) => {
                named.intents.push((*merchant, *id));
                named.books = true;
            }
            Command::Cancel(id, _) | Command::ExpireIntent(id) => {
                named.intents.push((*merchant, *id));
            }
            Command::Finish(ticket, _) => {
                named.intents.push((*merchant, ticket.intent));
                named.attempts.push((*merchant, ticket.call.attempt));
                named
                    .refunds
                    .extend(ticket.refund.map(|id| (*merchant, id)));
                named
                    .keys
                    .extend(ticket.key.as_ref().map(|key| (*merchant, key.clone())));
                named.books = true;
            }
            Command::PayLink(id, _) => {
                named.links.push((*merchant, *id));
                named.books = true;
            }
            Command::DeactivateLink(id) | Command::ExpireLink(id) => {
                named.links.push((*merchant, *id));
            }
            Command::Post(_) => named.books = true,
            Command::RotateSecret(id, ..) => named.secrets.push((*merchant, *id)),
            Command::CreateIntent(_)
            | Command::CreateLink(_)
            | Command::CreateEndpoint(..)
            | Command::UpdateEndpoint(..)
            | Command::DeleteEndpoint(_)
            | Command::DisableEndpoint(..)
            | Command::Ping(_)
            | Command::Replay(..)
            | Command::Retry(_) => {}
        }
    }
    named
}

async fn load(
    db: &mut PgConnection,
    world: &mut World,
    (batch, merchants): (&[Submission], &[Uuid]),
    short_way: bool,
) -> Result<(), sqlx::Error> {
    let mut named = named(batch);
    let wanted = Wanted {
        merchants,
        balances: if named.books { merchants } else { &[] },
        keys: &named.keys,
        owed: if short_way { &named.intents } else { &[] },
    };
    store::load(db, world, &wanted).await?;
    if !named.intents.is_empty() {
        let unknown: Vec<_> = named.intents.iter().map(|name| (*name, None)).collect();
        for read in intents::store::load(db, &unknown).await? {
            let intent = read.intent;
            named
                .links
                .extend(intent.terms.payment_link.map(|id| (intent.merchant, id)));
            if let State::Processing(id, _) | State::RequiresAction(id) = intent.state {
                named.attempts.push((intent.merchant, id));
            }
            world.intents.load((intent.merchant, intent.id), intent);
        }
    }
    if !named.attempts.is_empty() {
        for attempt in attempt::store::load(db, &named.attempts).await? {
            world.attempts.load((attempt.merchant, attempt.id), attempt);
        }
    }
    if !named.refunds.is_empty() {
        for refund in refund::store::load(db, &named.refunds).await? {
            world.refunds.load((refund.merchant, refund.id), refund);
        }
    }
    if !named.links.is_empty() {
        for link in links::store::load(db, &named.links).await? {
            world.links.load((link.merchant, link.id), link);
        }
    }
    if !named.secrets.is_empty() {
        for secret in callbacks::secrets::store::load(db, &named.secrets).await? {
            let key = (secret.merchant, secret.endpoint, secret.number);
            world.secrets.load(key, secret);
        }
    }
    Ok(())
}

/// Calls a store's function if there is anything to store.
macro_rules! store {
    ($rows:expr, |$named:ident| $call:expr) => {
        let $named = $rows;
        if !$named.is_empty() {
            $call.await?;
        }
    };
}

async fn record(db: &mut PgConnection, world: &World, scene: Scene<'_>) -> Result<(), sqlx::Error> {
    store!(second(world.links.made()), |rows| links::store::insert(
        db, &rows
    ));
    store!(second(world.links.changed()), |rows| links::store::update(
        db, &rows
    ));
    let (hashes, link_tokens) = tokens(world);
    let (changed, attempted) = (
        second(world.intents.changed()),
        second(world.attempts.made()),
    );
    if !(changed.is_empty() && attempted.is_empty()) {
        intents::store::advance(db, (&changed, &attempted)).await?;
    }
    store!(link_tokens, |rows| links::store::insert_tokens(db, &rows));
    store!(second(world.attempts.changed()), |rows| {
        attempt::store::update(db, &rows)
    });
    store!(second(world.refunds.made()), |rows| refund::store::insert(
        db, &rows
    ));
    store!(second(world.refunds.changed()), |rows| {
        refund::store::update(db, &rows)
    });
    store!(&world.opened, |rows| ledger::store::open_accounts(
        db, rows, scene.now
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
    let opened = second(world.intents.made()).into_iter().map(|intent| {
        let hash = hashes.get(&intent.id).copied();
        let hash = hash.ok_or_else(|| sqlx::Error::Encode("an intent without a page".into()));
        Ok::<_, sqlx::Error>((intent, hash?))
    });
    let opened = opened.collect::<Result<Vec<_>, _>>()?;
    // A new intent is told of, so its books have moved.
    if !(world.keys.made().is_empty() && books.is_empty()) {
        store::conclude(db, world, (&books, &opened), scene.now).await?;
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

fn second<'a, K, V>(rows: Vec<(&'a K, &'a V)>) -> Vec<&'a V> {
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
    touched.into_iter().flat_map(second).cloned().collect()
}

fn secrets(world: &World) -> Vec<&callbacks::StoredSecret> {
    let touched = [world.secrets.made(), world.secrets.changed()];
    touched.into_iter().flat_map(second).collect()
}

/// The books whose heads moved: by an event or an entry.
fn moved_books(world: &World) -> Vec<&ledger::Books> {
    let told = world.events.iter().map(|event| event.merchant);
    let booked = world.rebalanced.iter().map(|(merchant, _)| *merchant);
    let moved: BTreeSet<MerchantId> = told.chain(booked).collect();
    let moved = |books: &&ledger::Books| moved.contains(&books.merchant);
    world.books.values().filter(moved).collect()
}
