//! What somebody sends to have an entry booked by hand.

use super::{Account, AccountCode, AccountError, Direction, Draft};
use crate::base::{
    invalid::Invalid,
    money::{
        Money,
        field::{self, AmountText, CurrencyCode},
    },
    problem::ProblemCode,
    timestamp,
};
use serde::Deserialize;
use serde_json::Value;
use time::{Date, Duration, OffsetDateTime};

/// A year, leap day included.
const YEAR: Duration = Duration::days(366);
/// Most lines of an entry.
const POSTINGS_MAX: usize = 20;

/// An entry to book.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = JournalEntryRequest)]
pub struct EntryRequest {
    /// Its lines, 2 to 20: debits equal credits in each currency.
    #[schema(min_items = 2, max_items = 20)]
    postings: Vec<PostingRequest>,
    /// The day that it counts for; today in UTC if left out. At most ten years back and one ahead.
    #[serde(default)]
    #[schema(format = Date, example = "2026-11-22")]
    effective_date: Option<String>,
}

/// A line of an entry to book.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostingRequest {
    /// The account's code.
    #[schema(value_type = AccountCode)]
    account: String,
    /// `debit` or `credit`.
    direction: Direction,
    /// How much.
    #[schema(value_type = AmountText)]
    amount: Value,
    /// Of which currency. A bank account takes its own alone.
    #[schema(value_type = CurrencyCode)]
    currency: String,
}

impl EntryRequest {
    /// The entry, or the first field at fault.
    pub fn parse(self, today: Date) -> Result<Draft, Invalid> {
        let count = self.postings.len();
        if !(2..=POSTINGS_MAX).contains(&count) {
            let detail = format!("holds 2 to {POSTINGS_MAX} lines, it has {count}");
            return Err(Invalid::field("/postings", detail));
        }
        let date = self.effective_date.as_deref();
        let date = date.map(|text| date_within(text, today)).transpose()?;
        let lines = self.postings.into_iter().enumerate();
        let lines = lines.map(|(index, posting)| posting.parse(&format!("/postings/{index}")));
        let lines = lines.collect::<Result<_, _>>()?;
        Draft::adjustment(lines, date)
            .map_err(|e| Invalid::coded(ProblemCode::UnbalancedEntry, "/postings", e.to_string()))
    }
}

fn date_within(text: &str, today: Date) -> Result<Date, Invalid> {
    let wrong = |detail: String| Invalid::field("/effective_date", detail);
    let day = timestamp::parse(text).ok().map(OffsetDateTime::date);
    let day = day.filter(|day| day.to_string() == text);
    let day = day.ok_or_else(|| wrong("is a day such as \"2026-11-22\"".to_owned()))?;
    let (first, last) = (
        today.saturating_sub(YEAR.saturating_mul(10)),
        today.saturating_add(YEAR),
    );
    if (first..=last).contains(&day) {
        Ok(day)
    } else {
        Err(wrong(format!("is a day from {first} to {last}")))
    }
}

impl PostingRequest {
    /// The line at `place` of the body.
    fn parse(self, place: &str) -> Result<(Account, Direction, Money), Invalid> {
        let at = |name: &str| format!("{place}/{name}");
        let account: Account = self.account.parse().map_err(|e| match e {
            AccountError::Unknown => Invalid::field(at("account"), e.to_string()),
            AccountError::Currency(e) => {
                Invalid::coded(ProblemCode::InvalidCurrency, at("account"), e.to_string())
            }
        })?;
        let currency = field::currency(&self.currency).map_err(|fault| Invalid {
            param: at("currency"),
            ..fault
        })?;
        if !account.takes(currency) {
            let detail = format!("{account} takes no {currency}");
            return Err(Invalid::coded(
                ProblemCode::InvalidCurrency,
                at("currency"),
                detail,
            ));
        }
        let amount = field::amount(&at("amount"), &self.amount, currency)?;
        Ok((account, self.direction, amount))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ledger::EntryKind;
    use serde_json::json;
    use time::macros::date;

    fn parse(body: Value) -> Result<Draft, Invalid> {
        serde_json::from_value::<EntryRequest>(body)
            .unwrap()
            .parse(date!(2026 - 11 - 29))
    }

    fn line(account: &str, direction: &str, amount: &str, currency: &str) -> Value {
        json!({"account": account, "direction": direction, "amount": amount, "currency": currency})
    }

    #[test]
    fn an_entry_is_read_whole() {
        let postings = [
            line("bank:EUR", "debit", "12.50", "EUR"),
            line("merchant:available", "credit", "12.5", "EUR"),
        ];
        let draft = parse(json!({"postings": postings, "effective_date": "2026-02-28"})).unwrap();
        assert_eq!(draft.kind, EntryKind::Adjustment);
        assert_eq!(draft.effective_date.unwrap().to_string(), "2026-02-28");
        let lines = draft
            .lines
            .iter()
            .map(|(account, side, amount)| format!("{account} {side} {amount}"));
        let expected = ["bank:EUR debit 12.50", "merchant:available credit 12.50"];
        assert_eq!(lines.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_day_is_near_today() {
        let postings = [
            line("bank:EUR", "debit", "1.00", "EUR"),
            line("suspense", "credit", "1.00", "EUR"),
        ];
        let of = |day: &str| parse(json!({"postings": postings, "effective_date": day}));
        for day in ["0000-01-01", "2016-11-18", "2027-12-01"] {
            assert_eq!(of(day).unwrap_err().param, "/effective_date", "{day}");
        }
        for day in ["2016-12-01", "2027-11-29"] {
            assert!(of(day).is_ok(), "{day}");
        }
    }

    #[test]
    fn the_first_fault_is_named() {
        let good = || line("bank:EUR", "debit", "1.00", "EUR");
        let other = |line: Value| json!({"postings": [good(), line]});
        let pair = |more: Value| {
            let postings = [good(), line("suspense", "credit", "1.00", "EUR")];
            json!({"postings": postings, "effective_date": more})
        };
        let cases = [
            (json!({"postings": []}), "invalid_request", "/postings"),
            (
                json!({"postings": [good()]}),
                "invalid_request",
                "/postings",
            ),
            (
                json!({"postings": vec![good(); 21]}),
                "invalid_request",
                "/postings",
            ),
            (
                other(line("cash", "credit", "1.00", "EUR")),
                "invalid_request",
                "/postings/1/account",
            ),
            (
                other(line("bank:XXQ", "credit", "1.00", "EUR")),
                "invalid_currency",
                "/postings/1/account",
            ),
            (
                other(line("bank:EUR", "credit", "1.00", "USD")),
                "invalid_currency",
                "/postings/1/currency",
            ),
            (
                other(line("suspense", "credit", "1.00", "euro")),
                "invalid_currency",
                "/postings/1/currency",
            ),
            (
                other(line("suspense", "credit", "1.005", "EUR")),
                "invalid_amount",
                "/postings/1/amount",
            ),
            (
                other(line("suspense", "credit", "0.99", "EUR")),
                "unbalanced_entry",
                "/postings",
            ),
            (
                pair(json!("2026-02-29")),
                "invalid_request",
                "/effective_date",
            ),
            (
                pair(json!("2026-02-28T00:00:00Z")),
                "invalid_request",
                "/effective_date",
            ),
        ];
        for (body, code, param) in cases {
            let fault = parse(body.clone()).unwrap_err();
            assert_eq!(
                (fault.code.as_str(), fault.param.as_str()),
                (code, param),
                "{body}"
            );
        }
    }
}
