//! Loading and recording rail accounts.

use crate::{
    domain::{
        due::{self, Kind},
        rail_accounts::{RailAccount, breaker, store},
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

/// Records what is made or changed. One that is failing is due to be tried.
pub async fn record(
    db: &mut PgConnection,
    world: &World,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let accounts = &world.rail_accounts;
    let (made, changed) = (values(accounts.made()), values(accounts.changed()));
    if !made.is_empty() {
        store::insert(&mut *db, &made).await?;
    }
    if !changed.is_empty() {
        store::update(&mut *db, &changed).await?;
        let (failing, others): (Vec<&RailAccount>, Vec<_>) =
            changed.iter().partition(|account| account.is_failing());
        let tried = failing
            .iter()
            .map(|account| (account.merchant, account.id.0, now + breaker::FIRST_REST));
        let tried: Vec<due::store::Row> = tried.collect();
        due::store::set(&mut *db, Kind::RailAccount, &tried).await?;
        let others = others
            .iter()
            .map(|account| (account.merchant, account.id.0));
        let others: Vec<_> = others.collect();
        due::store::done(db, Kind::RailAccount, &others).await?;
    }
    Ok(())
}
