//! The chart of accounts and the balance of one account at a time.

use super::{AsOf, ReportError, snapshot, store};
use crate::base::{ids::MerchantId, timestamp};
use serde::Serialize;
use sqlx::PgPool;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// An account of the merchant's books.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountView {
    /// Always `account`.
    #[schema(example = "account")]
    pub object: &'static str,
    /// Its code.
    #[schema(example = "merchant:pending")]
    pub code: String,
    /// `asset`, `liability`, `income` or `expense`.
    #[schema(example = "liability")]
    pub kind: &'static str,
    /// The side that makes it grow: `debit` or `credit`.
    #[schema(example = "credit")]
    pub normal_side: &'static str,
    /// When it was first posted to.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T06:00:00.000Z")]
    pub created_at: OffsetDateTime,
}

impl From<store::AccountRow> for AccountView {
    fn from(row: store::AccountRow) -> Self {
        Self {
            object: "account",
            code: row.code,
            kind: row.kind.as_str(),
            normal_side: row.kind.normal_side().as_str(),
            created_at: row.created_at,
        }
    }
}

/// The balances of one account at a time, one for each currency that it had postings in by then.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Balances)]
pub struct BalancesView {
    /// Always `balances`.
    #[schema(example = "balances")]
    pub object: &'static str,
    /// The account's code.
    #[schema(example = "merchant:pending")]
    pub account: String,
    /// The side that the balances stand on; a negative balance stands on the other.
    #[schema(example = "credit")]
    pub normal_side: &'static str,
    /// The moment: all that was booked up to it counts.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T06:00:00.000Z")]
    pub at: OffsetDateTime,
    /// The balances, in the order of their currencies.
    pub data: Vec<BalanceView>,
}

/// A balance in one currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Balance)]
pub struct BalanceView {
    /// The balance in major units; negative if it stands on the other side.
    #[schema(example = "12.50")]
    pub balance: String,
    /// ISO 4217 code.
    #[schema(example = "EUR")]
    pub currency: &'static str,
}

/// All accounts of the merchant, in the order of their codes.
pub async fn accounts(
    pool: &PgPool,
    merchant: MerchantId,
) -> Result<Vec<AccountView>, ReportError> {
    let mut db = pool.acquire().await?;
    let rows = store::accounts(&mut db, merchant, None).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The balances of the account with this code. [`ReportError::NotFound`] if it has never been
/// posted to.
pub async fn balances(
    pool: &PgPool,
    merchant: MerchantId,
    code: &str,
    as_of: AsOf,
) -> Result<BalancesView, ReportError> {
    let mut db = pool.acquire().await?;
    let accounts = store::accounts(&mut db, merchant, Some(code)).await?;
    let account = accounts.into_iter().next().ok_or(ReportError::NotFound)?;
    if !as_of.is_latest() {
        // The past is told the same way for ever.
        snapshot::settled_until(&mut db, merchant).await?;
    }
    let balances = store::balances(&mut db, merchant, code, as_of.end()).await?;
    let view = |money: crate::base::money::Total| BalanceView {
        balance: money.to_string(),
        currency: money.currency().code(),
    };
    Ok(BalancesView {
        object: "balances",
        account: account.code,
        normal_side: account.kind.normal_side().as_str(),
        at: as_of.at(),
        data: balances.into_iter().map(view).collect(),
    })
}
