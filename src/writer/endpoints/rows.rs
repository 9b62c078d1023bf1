//! Loading and recording endpoints, their secrets and replays. The endpoints themselves are loaded
//! with what every batch looks at (`writer/store.rs`).

use crate::{
    domain::{
        callbacks::{ReplayStatus, pings, replay, secrets, store},
        due::{self, Kind},
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
    if !needs.secrets.is_empty() {
        for secret in secrets::store::load(&mut *db, &needs.secrets).await? {
            let key = (secret.merchant, secret.endpoint, secret.number);
            world.secrets.load(key, secret);
        }
    }
    if !needs.pings.is_empty() {
        for pings in pings::store::load(&mut *db, &needs.pings).await? {
            world.pings.load((pings.merchant, pings.endpoint), pings);
        }
    }
    if !needs.replayed.is_empty() {
        world.running = replay::store::running(db, &needs.replayed).await?;
    }
    Ok(())
}

/// Records what is made or changed.
pub async fn record(
    db: &mut PgConnection,
    world: &World,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let endpoints = [world.endpoints.made(), world.endpoints.changed()];
    let endpoints: Vec<_> = endpoints.into_iter().flat_map(values).cloned().collect();
    if !endpoints.is_empty() {
        store::upsert_endpoints(db, &endpoints).await?;
    }
    let changed = values(world.endpoints.changed()).into_iter();
    let changed: Vec<_> = changed.map(|e| (e.merchant, e.id.0, now)).collect();
    if !changed.is_empty() {
        due::store::set(&mut *db, Kind::Hold, &changed).await?;
    }
    let secrets = [world.secrets.made(), world.secrets.changed()];
    let secrets: Vec<_> = secrets.into_iter().flat_map(values).collect();
    if !secrets.is_empty() {
        secrets::store::upsert(db, &secrets).await?;
    }
    let pings = values(world.pings.changed());
    if !pings.is_empty() {
        pings::store::update(db, &pings).await?;
    }
    if !world.replays.is_empty() {
        replay::store::insert(db, &world.replays).await?;
        let running = world.replays.iter();
        let running = running.filter(|replay| replay.status == ReplayStatus::Running);
        let running: Vec<_> = running.map(|r| (r.merchant, r.id.0, now)).collect();
        due::store::set(db, Kind::Replay, &running).await?;
    }
    Ok(())
}
