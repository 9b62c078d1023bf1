//! Loading and recording movements.

use crate::{
    domain::movements::{Movement, store},
    writer::{
        needs::Needs,
        payments,
        world::{World, values},
    },
};
use sqlx::PgConnection;
use time::OffsetDateTime;

/// Loads what is named: the attempts that facts are about, since these name all else, and movements.
pub async fn load(
    db: &mut PgConnection,
    world: &mut World,
    needs: &mut Needs,
) -> Result<(), sqlx::Error> {
    payments::load_named_attempts(&mut *db, world, needs).await?;
    if !needs.facts.is_empty() {
        let named = store::named(&mut *db, &needs.facts).await?;
        needs.movements.extend(named);
    }
    if needs.movements.is_empty() {
        return Ok(());
    }
    for read in store::load(db, &needs.movements).await? {
        match read {
            Ok(movement) => {
                needs.add_named_by_movement(&movement);
                let key = (movement.merchant, movement.id);
                world.movements.load(key, movement);
            }
            Err(row) => world.movements.load_unreadable(row),
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
    let (made, changed) = (
        values(world.movements.made()),
        values(world.movements.changed()),
    );
    if !made.is_empty() {
        store::insert(&mut *db, &made).await?;
    }
    // Parts of a movement may be decided about in the commit that makes them.
    let decided = made.into_iter().filter(|made| made.resolution.is_some());
    let changed: Vec<&Movement> = changed.into_iter().chain(decided).collect();
    if !changed.is_empty() {
        store::update(db, &changed).await?;
    }
    Ok(())
}
