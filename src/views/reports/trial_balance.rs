//! The trial balance: the balances on either side of every account at a time.

use super::{AsOf, ReportError, snapshot, store};
use crate::base::db::Pool;
use crate::base::{ids::MerchantId, money::Currency, timestamp};
use serde::Serialize;
use std::collections::HashMap;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// All debits and credits by account and currency at a time.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = TrialBalance)]
pub struct TrialBalanceView {
    /// Always `trial_balance`.
    #[schema(example = "trial_balance")]
    pub object: &'static str,
    /// The moment: all that was booked up to it counts.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T06:00:00.000Z")]
    pub at: OffsetDateTime,
    /// Whether all debits equal all credits in each currency.
    pub balanced: bool,
    /// In the order of account and currency; accounts without postings by then are left out.
    pub data: Vec<TrialBalanceRow>,
}

/// The two sums of one account in one currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TrialBalanceRow {
    /// The account's code.
    #[schema(example = "merchant:pending")]
    pub account: String,
    /// ISO 4217 code.
    #[schema(example = "EUR")]
    pub currency: &'static str,
    /// All its debits, in major units.
    #[schema(example = "0.00")]
    pub debits: String,
    /// All its credits, in major units.
    #[schema(example = "12.50")]
    pub credits: String,
}

impl From<store::TotalsRow> for TrialBalanceRow {
    fn from(row: store::TotalsRow) -> Self {
        Self {
            account: row.account,
            currency: row.debits.currency().code(),
            debits: row.debits.to_string(),
            credits: row.credits.to_string(),
        }
    }
}

/// The trial balance of the merchant's books.
pub async fn trial_balance(
    pool: &Pool,
    merchant: MerchantId,
    as_of: AsOf,
) -> Result<TrialBalanceView, ReportError> {
    pool.again(|| async {
        let mut db = pool.acquire().await?;
        if !as_of.is_latest() {
            // The past reads the same way for ever.
            snapshot::settled_until(&mut db, merchant).await?;
        }
        let mut rows = store::totals(&mut db, merchant, as_of.end()).await?;
        rows.retain(|row| row.debits.minor() != 0 || row.credits.minor() != 0);
        Ok(TrialBalanceView {
            object: "trial_balance",
            at: as_of.at(),
            balanced: balanced(&rows),
            data: rows.into_iter().map(Into::into).collect(),
        })
    })
    .await
}

fn balanced(rows: &[store::TotalsRow]) -> bool {
    let mut net: HashMap<Currency, i128> = HashMap::new();
    for row in rows {
        let sum = net.entry(row.debits.currency()).or_default();
        *sum += row.debits.minor() - row.credits.minor();
    }
    net.values().all(|&sum| sum == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::money::Total;

    #[test]
    fn each_currency_must_balance_by_itself() {
        let row = |code: &str, debits, credits| store::TotalsRow {
            account: "a".into(),
            debits: Total::new(debits, code.parse().unwrap()),
            credits: Total::new(credits, code.parse().unwrap()),
        };
        assert!(balanced(&[]));
        assert!(balanced(&[row("EUR", 5, 2), row("EUR", 0, 3)]));
        assert!(!balanced(&[row("EUR", 5, 0), row("USD", 0, 5)]));
        let most = i128::from(i64::MAX);
        assert!(balanced(&[
            row("EUR", most, 0),
            row("EUR", most, most),
            row("EUR", 0, most)
        ]));
    }
}
