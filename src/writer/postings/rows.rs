//! Recording entries with their postings and balances, of whatever noun caused them. Balances are
//! loaded with what every batch looks at (`writer/store.rs`).

use crate::{
    base::ids::MerchantId,
    domain::ledger::{Account, store},
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
    open(&mut *db, world, now).await?;
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

/// Opens accounts, each in its merchant's time.
async fn open(
    db: &mut PgConnection,
    world: &World,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let is_ahead = |opened: &(MerchantId, Account)| world.clock_ahead(opened.0).is_some();
    let opened = world.opened.iter().cloned();
    let (ahead, opened): (Vec<_>, Vec<_>) = opened.partition(is_ahead);
    if !opened.is_empty() {
        store::open_accounts(&mut *db, &opened, now).await?;
    }
    for account in ahead {
        let at = world.now(account.0, now);
        store::open_accounts(&mut *db, &[account], at).await?;
    }
    Ok(())
}
