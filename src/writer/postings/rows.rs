//! Recording entries with their postings and balances, of whatever noun caused them. Balances are
//! loaded with what every batch looks at (`writer/store.rs`).

use crate::{
    domain::ledger::store,
    writer::{
        needs::Needs,
        world::{BalanceName, World},
    },
};
use sqlx::PgConnection;
use time::OffsetDateTime;

/// There is nothing to load but balances.
#[expect(
    clippy::unused_async,
    reason = "rows of all nouns are loaded by one form of function"
)]
pub async fn load(_: &mut PgConnection, _: &mut World, _: &mut Needs) -> Result<(), sqlx::Error> {
    Ok(())
}

/// Records what was booked.
pub async fn record(
    db: &mut PgConnection,
    world: &World,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    if !world.opened.is_empty() {
        store::open_accounts(db, &world.opened, now).await?;
    }
    let balance = |(merchant, name): &BalanceName| {
        let balance = world.books.get(merchant)?.balances.get(name)?;
        Some((*merchant, name.clone(), *balance))
    };
    let balances: Vec<_> = world.rebalanced.iter().filter_map(balance).collect();
    if !balances.is_empty() {
        store::record(db, &world.entries, &balances).await?;
    }
    Ok(())
}
