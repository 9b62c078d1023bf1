//! Recording clocks. They are loaded with the books (`writer/store.rs`).

use crate::{
    domain::clocks::store,
    writer::{
        needs::Needs,
        world::{World, values},
    },
};
use sqlx::PgConnection;
use time::OffsetDateTime;

/// There is nothing more to load.
#[expect(
    clippy::unused_async,
    reason = "rows of all nouns are loaded by one form of function"
)]
pub async fn load(_: &mut PgConnection, _: &mut World, _: &mut Needs) -> Result<(), sqlx::Error> {
    Ok(())
}

/// Records what was moved on.
pub async fn record(
    db: &mut PgConnection,
    world: &World,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    for clock in values(world.clocks.changed()) {
        store::advance(db, *clock, now).await?;
    }
    Ok(())
}
