//! Loading and recording rail accounts.

use crate::{
    domain::rail_accounts::store,
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
    if needs.rail_accounts.is_empty() {
        return Ok(());
    }
    for read in store::all(db, &needs.rail_accounts).await? {
        match read {
            Ok(account) => {
                let name = (account.merchant, account.id);
                world.rail_accounts.load(name, account);
            }
            Err(row) => world.rail_accounts.load_unreadable(row),
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
    let accounts = &world.rail_accounts;
    let (made, changed) = (values(accounts.made()), values(accounts.changed()));
    if !made.is_empty() {
        store::insert(db, &made).await?;
    }
    if !changed.is_empty() {
        store::update(db, &changed).await?;
    }
    Ok(())
}
