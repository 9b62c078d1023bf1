//! Rail accounts by the operator's commands: the same rules, in a transaction of their own.

use crate::{
    base::{
        actor::Actor,
        ambient::Ambient,
        db::{Db, DbError},
        ids::{MerchantId, RailAccountId},
    },
    domain::{
        ledger,
        rail_accounts::{NewRailAccount, RailAccount, RailAccountError, RailAccountPatch, store},
    },
    writer::setup::connect,
};
use sqlx::Connection;

/// What became of an account, or why nothing did.
pub type Outcome = Result<RailAccount, RailAccountError>;

/// Makes an account of a merchant that exists.
pub async fn add_rail_account(
    db: &Db,
    (merchant, id): (MerchantId, RailAccountId),
    new: NewRailAccount,
    ambient: &Ambient,
) -> Result<Outcome, DbError> {
    let mut connection = connect(db, ambient).await?;
    let mut transaction = connection.begin().await?;
    ledger::store::lock_books(&mut transaction, merchant).await?;
    let all = store::of(&mut *transaction, merchant).await?;
    let ids = (merchant, id);
    let made = new.create(ids, Actor::Operator.to_string(), ambient.now());
    let made = match made.beside(&all) {
        Ok(made) => made,
        Err(error) => return Ok(Err(error)),
    };
    store::insert(&mut transaction, &[&made]).await?;
    transaction.commit().await?;
    Ok(Ok(made))
}

/// Changes an account. `None` if the merchant has no such account.
pub async fn change_rail_account(
    db: &Db,
    (merchant, id): (MerchantId, RailAccountId),
    patch: &RailAccountPatch,
    ambient: &Ambient,
) -> Result<Option<Outcome>, DbError> {
    let mut connection = connect(db, ambient).await?;
    let mut transaction = connection.begin().await?;
    // A batch under way has read the accounts, and would write them back as they were.
    ledger::store::lock_books(&mut transaction, merchant).await?;
    let all = store::of(&mut *transaction, merchant).await?;
    let Some(account) = all.iter().find(|account| account.id == id) else {
        return Ok(None);
    };
    let changed = match account.change(patch, &all, ambient.now()) {
        Ok(changed) => changed,
        Err(error) => return Ok(Some(Err(error))),
    };
    store::update(&mut transaction, &[&changed]).await?;
    transaction.commit().await?;
    Ok(Some(Ok(changed)))
}
