//! Loading and recording what providers told.

use crate::{
    domain::{
        due::{self, Kind},
        rail_events::store,
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
    if needs.rail_events.is_empty() {
        return Ok(());
    }
    for event in store::load(db, &needs.rail_events).await? {
        world.rail_events.load(event.name(), event);
    }
    Ok(())
}

/// Records what is made, for a worker to look at it at once.
pub async fn record(
    db: &mut PgConnection,
    world: &World,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let made = values(world.rail_events.made());
    if made.is_empty() {
        return Ok(());
    }
    store::insert(&mut *db, &made).await?;
    let waiting = made.iter().map(|event| (event.merchant, event.id.0, now));
    let waiting: Vec<due::store::Row> = waiting.collect();
    due::store::set(db, Kind::RailEvent, &waiting).await
}
