//! The chart of accounts and the balance of one account at a time.

use super::{AsOf, ReportError, snapshot, store};
use crate::base::db::Pool;
use crate::{
    base::{ids::MerchantId, mode::Mode, money::Total, timestamp},
    domain::{
        ledger::{Account, AccountKind, Family},
        rails::Rail,
    },
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// An account of the chart, posted to or not. A family of accounts that differ by a rail or a
/// currency is in the chart with its pattern as `code`, beside those that were posted to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountView {
    /// Always `account`.
    #[schema(example = "account")]
    pub object: &'static str,
    /// Its code, or the pattern of its family: `<rail>`, `<currency>` and `<rail_account>` stand
    /// for a name, and what is in brackets may be left out.
    #[schema(example = "merchant:pending")]
    pub code: String,
    /// What is on it, in a sentence.
    #[schema(example = "Money owed to the merchant that the rail has not yet paid us.")]
    pub description: &'static str,
    /// `asset`, `liability`, `income` or `expense`.
    #[schema(example = "liability")]
    pub kind: &'static str,
    /// The side that makes it grow: `debit` or `credit`.
    #[schema(example = "credit")]
    pub normal_side: &'static str,
    /// Whether a balance below zero is nothing odd. No balance is ever refused.
    pub may_be_negative: bool,
    /// When it was first posted to; `null` if it never was.
    #[schema(format = DateTime, example = "2026-11-22T06:00:00.000Z")]
    pub created_at: Option<String>,
}

impl AccountView {
    fn unused(code: String, family: Family) -> Self {
        Self {
            object: "account",
            code,
            description: family.about(),
            kind: family.kind().as_str(),
            normal_side: family.kind().normal_side().as_str(),
            may_be_negative: family.may_be_negative(),
            created_at: None,
        }
    }
}

impl From<store::AccountRow> for AccountView {
    fn from(row: store::AccountRow) -> Self {
        let family = row
            .code
            .parse()
            .ok()
            .map(|account: Account| account.family());
        Self {
            object: "account",
            description: family.map_or(FOREIGN, Family::about),
            kind: row.kind.as_str(),
            normal_side: row.kind.normal_side().as_str(),
            may_be_negative: family.is_none_or(Family::may_be_negative),
            created_at: Some(timestamp::format(row.created_at)),
            code: row.code,
        }
    }
}

/// What is said of an account that another version of the program opened.
const FOREIGN: &str = "An account that another version of Threadpay posts to.";

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
    /// The side that the balances are on; a negative balance is on the other.
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
    /// The balance in major units; negative if it is on the other side.
    #[schema(example = "12.50")]
    pub balance: String,
    /// ISO 4217 code.
    #[schema(example = "EUR")]
    pub currency: &'static str,
}

/// The chart of accounts with those that the merchant's books post to, in the order of their
/// codes.
pub async fn accounts(
    pool: &Pool,
    merchant: MerchantId,
    mode: Mode,
) -> Result<Vec<AccountView>, ReportError> {
    pool.again(|| async {
        let mut db = pool.acquire().await?;
        let rows = store::accounts(&mut db, merchant).await?;
        let mut accounts: Vec<AccountView> = rows.into_iter().map(Into::into).collect();
        let families = Family::ALL.iter();
        let families = families.map(|family| (family.pattern().to_owned(), *family));
        let sandbox = Account::rail_clearing(Rail::Sandbox.as_str(), None);
        let sandbox = (!mode.is_live()).then(|| (sandbox.to_string(), sandbox.family()));
        for (code, family) in families.chain(sandbox) {
            if !accounts.iter().any(|account| account.code == code) {
                accounts.push(AccountView::unused(code, family));
            }
        }
        accounts.sort_unstable_by(|one, other| one.code.cmp(&other.code));
        Ok(accounts)
    })
    .await
}

/// The balances of the account with this code: none before its first posting.
/// [`ReportError::NotFound`] if there is no such account.
pub async fn balances(
    pool: &Pool,
    merchant: MerchantId,
    code: &str,
    as_of: AsOf,
) -> Result<BalancesView, ReportError> {
    pool.again(|| async {
        let kind = kind_of(code).ok_or(ReportError::NotFound)?;
        let mut db = pool.acquire().await?;
        if !as_of.is_latest() {
            // The past reads the same way for ever.
            snapshot::settled_until(&mut db, merchant).await?;
        }
        let balances = store::balances(&mut db, merchant, code, as_of.end()).await?;
        let view = |money: Total| BalanceView {
            balance: money.to_string(),
            currency: money.currency().code(),
        };
        Ok(BalancesView {
            object: "balances",
            account: code.to_owned(),
            normal_side: kind.normal_side().as_str(),
            at: as_of.at(),
            data: balances.into_iter().map(view).collect(),
        })
    })
    .await
}

/// What the account with this code counts. All that the chart lists is there, the patterns of
/// families too: nothing is ever on those.
fn kind_of(code: &str) -> Option<AccountKind> {
    let account = code.parse().ok().map(|account: Account| account.kind());
    account.or_else(|| Family::of_pattern(code).map(Family::kind))
}
