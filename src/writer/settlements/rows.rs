//! Loading and recording settlements.

use crate::{
    base::db::Unreadable,
    domain::settlements::{SettlementLine, line, store},
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
    for name in &needs.settlements {
        match store::named(&mut *db, name).await? {
            Some(Ok(settlement)) => world.settlements.load(name.clone(), settlement),
            Some(Err(row)) => {
                let row = Unreadable::new(name.clone(), row.fault);
                world.settlements.load_unreadable(row);
            }
            None => {}
        }
    }
    Ok(())
}

/// Records what is made or changed.
pub async fn record(
    db: &mut PgConnection,
    world: &World,
    _: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    store::insert(&mut *db, &values(world.settlements.made())).await?;
    store::update(&mut *db, &values(world.settlements.changed())).await?;
    if world.settlement_lines.is_empty() {
        return Ok(());
    }
    let lines: Vec<&SettlementLine> = world.settlement_lines.iter().collect();
    line::store::insert(db, &lines).await
}
