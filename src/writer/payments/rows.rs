//! Loading and recording intents, attempts and refunds. New intents are recorded with what every
//! batch leaves (`writer/store.rs`).

use crate::{
    domain::{
        due::{self, Kind},
        intents::{attempt, refund, store},
        rails::CallKind,
    },
    writer::{
        needs::Needs,
        world::{World, values},
    },
};
use sqlx::PgConnection;
use time::OffsetDateTime;

/// Loads what is named.
pub async fn load(
    db: &mut PgConnection,
    world: &mut World,
    needs: &mut Needs,
) -> Result<(), sqlx::Error> {
    load_intents(&mut *db, world, needs, 0).await?;
    load_attempts(&mut *db, world, needs).await?;
    if !needs.refunds.is_empty() {
        for read in refund::store::load(&mut *db, &needs.refunds).await? {
            match read {
                Ok(refund) => world.refunds.load((refund.merchant, refund.id), refund),
                Err(row) => world.refunds.load_unreadable(row),
            }
        }
    }
    Ok(())
}

/// Loads the attempts that commands name, which name all else in turn.
pub async fn load_named_attempts(
    db: &mut PgConnection,
    world: &mut World,
    needs: &mut Needs,
) -> Result<(), sqlx::Error> {
    load_attempts(db, world, needs).await?;
    let named = world.attempts.values();
    for attempt in named {
        needs.add_named_by_attempt(attempt);
    }
    Ok(())
}

/// Loads those attempts that are named and not loaded yet.
async fn load_attempts(
    db: &mut PgConnection,
    world: &mut World,
    needs: &Needs,
) -> Result<(), sqlx::Error> {
    let all = needs.attempts.iter().copied();
    let names: Vec<attempt::store::Name> = all
        .filter(|name| world.attempts.get(name).is_none())
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    for read in attempt::store::load(db, &names).await? {
        match read {
            Ok(attempt) => world.attempts.load((attempt.merchant, attempt.id), attempt),
            Err(row) => world.attempts.load_unreadable(row),
        }
    }
    Ok(())
}

/// Loads the intents that are named, but for the first `loaded`.
pub async fn load_intents(
    db: &mut PgConnection,
    world: &mut World,
    needs: &mut Needs,
    loaded: usize,
) -> Result<(), sqlx::Error> {
    let names: Vec<store::Name> = needs.intents.iter().skip(loaded).copied().collect();
    if names.is_empty() {
        return Ok(());
    }
    for read in store::load(db, &names).await? {
        match read {
            Ok(intent) => {
                needs.add_named_by_intent(&intent);
                world.intents.load((intent.merchant, intent.id), intent);
            }
            Err(row) => world.intents.load_unreadable(row),
        }
    }
    Ok(())
}

/// Records what is made or changed, but for new intents.
pub async fn record(
    db: &mut PgConnection,
    world: &World,
    _: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let (changed, attempted) = (
        values(world.intents.changed()),
        values(world.attempts.made()),
    );
    if !(changed.is_empty() && attempted.is_empty()) {
        store::update_with_attempts(db, &changed, &attempted).await?;
    }
    let answered = values(world.attempts.changed());
    if !answered.is_empty() {
        attempt::store::update(db, &answered).await?;
    }
    record_due(&mut *db, world).await?;
    record_scenarios(&mut *db, world).await?;
    record_ends(&mut *db, world).await?;
    let (made, changed) = (
        values(world.refunds.made()),
        values(world.refunds.changed()),
    );
    if !made.is_empty() {
        refund::store::insert(db, &made).await?;
    }
    if !changed.is_empty() {
        refund::store::update(db, &changed).await?;
    }
    Ok(())
}

/// Makes the ends of new intents due whose merchant's clock is ahead: the expirer, who finds all
/// others, goes by everybody's time.
async fn record_ends(db: &mut PgConnection, world: &World) -> Result<(), sqlx::Error> {
    let ends = values(world.intents.made()).into_iter().filter_map(|i| {
        let clock = world.clock_ahead(i.merchant)?;
        Some((i.merchant, i.id.0, clock.outside(i.expires_at())))
    });
    let ends: Vec<due::store::Row> = ends.collect();
    if !ends.is_empty() {
        due::store::set(db, Kind::IntentExpiry, &ends).await?;
    }
    Ok(())
}

/// Says when the sandbox first tells of the charges that it plays.
async fn record_scenarios(db: &mut PgConnection, world: &World) -> Result<(), sqlx::Error> {
    let told = values(world.attempts.made()).into_iter().filter_map(|a| {
        let (first, _) = a.call(None).scenario()?.news().into_iter().next()?;
        let at = world.found_at(a.merchant, a.created_at + first);
        (a.kind == CallKind::Charge).then_some((a.merchant, a.id.0, at))
    });
    let told: Vec<due::store::Row> = told.collect();
    if told.is_empty() {
        return Ok(());
    }
    due::store::set(db, Kind::Scenario, &told).await
}

/// Says of attempts when their rail is to be asked, or that there is nothing more to ask.
async fn record_due(db: &mut PgConnection, world: &World) -> Result<(), sqlx::Error> {
    let (made, changed) = (
        values(world.attempts.made()),
        values(world.attempts.changed()),
    );
    let touched = made.iter().chain(&changed);
    let waiting = touched.filter_map(|a| {
        let at = world.found_at(a.merchant, a.ask_at?);
        Some((a.merchant, a.id.0, at))
    });
    let waiting: Vec<due::store::Row> = waiting.collect();
    if !waiting.is_empty() {
        due::store::set(&mut *db, Kind::Attempt, &waiting).await?;
    }
    let finished = changed.iter().filter(|attempt| attempt.ask_at.is_none());
    let finished: Vec<_> = finished.map(|a| (a.merchant, a.id.0)).collect();
    if !finished.is_empty() {
        due::store::done(db, Kind::Attempt, &finished).await?;
    }
    Ok(())
}
