//! What the columns of a bank's table mean, as a person has said once.

use super::super::refused::Reason;
use super::options::{DecimalMark, Encoding, Sign, ThousandsMark};
use super::pattern::Pattern;
use crate::base::money::Currency;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A column, by its number (1 is the first) or by its name in the header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Column {
    /// Its number; 1 is the first.
    Number(u16),
    /// Its name, exactly, but for blanks around it.
    Name(String),
}

/// A column that says which way money went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectionColumn {
    /// Which.
    pub column: Column,
    /// What it says of money that came in, such as `Bij` or `H`.
    #[serde(rename = "in")]
    pub incoming: String,
    /// What it says of money that went out, such as `Af` or `S`.
    #[serde(rename = "out")]
    pub outgoing: String,
}

/// Where things stand. `date` is required, and either `amount`, or `debit` and `credit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The day that a line was booked.
    pub date: Column,
    /// The value day.
    #[serde(default)]
    pub value_date: Option<Column>,
    /// The amount, with a sign unless `direction` is there.
    #[serde(default)]
    pub amount: Option<Column>,
    /// The amount that went out, else empty.
    #[serde(default)]
    pub debit: Option<Column>,
    /// The amount that came in, else empty.
    #[serde(default)]
    pub credit: Option<Column>,
    /// Which way the amount went, if not by a sign.
    #[serde(default)]
    pub direction: Option<DirectionColumn>,
    /// The currency of the amount.
    #[serde(default)]
    pub currency: Option<Column>,
    /// What the bank took, without a sign.
    #[serde(default)]
    pub fee: Option<Column>,
    /// The bank's own id of a line. The same id means the same line: leave it out if the bank has none.
    #[serde(default)]
    pub bank_id: Option<Column>,
    /// References of the payer.
    #[serde(default)]
    pub references: Vec<Column>,
    /// Texts, put together in this order.
    #[serde(default)]
    pub texts: Vec<Column>,
    /// The name of the other side.
    #[serde(default)]
    pub counterparty: Option<Column>,
    /// The account of the other side.
    #[serde(default)]
    pub counterparty_account: Option<Column>,
}

/// How a bank's table is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// What stands between columns: one ASCII character, `,` if left out.
    #[serde(default = "comma")]
    #[schema(min_length = 1, max_length = 1)]
    pub delimiter: String,
    /// The encoding, UTF-8 if left out.
    #[serde(default = "utf8")]
    pub encoding: Encoding,
    /// How many rows stand before the first line, 1 if left out; the last of them names the columns. Empty
    /// rows are not counted.
    #[serde(default = "one")]
    #[schema(maximum = 100)]
    pub header_rows: u16,
    /// How many rows stand behind the last line.
    #[serde(default)]
    #[schema(maximum = 100)]
    pub footer_rows: u16,
    /// Where things stand.
    pub columns: Columns,
    /// How days are written: `YYYY` or `YY`, `MM` or `M`, `DD` or `D`, and what stands between, such as
    /// `DD.MM.YYYY`. A time may follow.
    #[schema(min_length = 1, max_length = 20, example = "DD.MM.YYYY")]
    pub date_format: String,
    /// What stands before decimals.
    pub decimal: DecimalMark,
    /// What stands between thousands; nothing if left out.
    #[serde(default)]
    pub thousands: Option<ThousandsMark>,
    /// What a sign means, `plain` if left out.
    #[serde(default = "plain")]
    pub sign: Sign,
    /// The currency of all lines, if no column says it.
    #[serde(default)]
    #[schema(min_length = 3, max_length = 3)]
    pub currency: Option<String>,
    /// The account that the table is about.
    #[serde(default)]
    #[schema(max_length = 255)]
    pub account: Option<String>,
}

fn comma() -> String {
    ",".to_owned()
}

fn utf8() -> Encoding {
    Encoding::Utf8
}

fn one() -> u16 {
    1
}

fn plain() -> Sign {
    Sign::Plain
}

impl Mapping {
    /// Whether it can be used at all; what it says about a table shows when one is read.
    pub fn check(&self) -> Result<(), Reason> {
        let columns = &self.columns;
        let parts = (&columns.amount, &columns.debit, &columns.credit);
        let fault = if self.byte().is_none() {
            "delimiter must be one ASCII character other than a quote, a letter, a digit or a line break"
        } else if !matches!(parts, (Some(_), None, None) | (None, Some(_), Some(_))) {
            "columns must name amount, or debit and credit, and not both"
        } else if columns.direction.is_some() && columns.amount.is_none() {
            "columns.direction says which way the column amount goes, which is missing"
        } else if self
            .thousands
            .is_some_and(|mark| mark.as_str() == self.decimal.as_str())
        {
            "thousands and decimal must differ"
        } else if columns.currency.is_none() == self.currency.is_none() {
            "the currency must be said, by currency or by columns.currency"
        } else if !columns.all().all(|column| self.has(column)) {
            "a column is a number from 1, or a name in the last of the header_rows"
        } else {
            Pattern::read(&self.date_format)?;
            self.common_currency()?;
            return Ok(());
        };
        Err(Reason::Mapping(format!(
            "the mapping cannot be used: {fault}"
        )))
    }

    /// The delimiter.
    pub(super) fn byte(&self) -> Option<u8> {
        let [byte] = self.delimiter.as_bytes() else {
            return None;
        };
        let is_usable =
            byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\n\r\0".contains(byte);
        Some(*byte).filter(|_| is_usable)
    }

    /// The currency of all lines.
    pub(super) fn common_currency(&self) -> Result<Option<Currency>, Reason> {
        let currency = self.currency.as_deref().map(Currency::named);
        Ok(currency.transpose()?)
    }

    fn has(&self, column: &Column) -> bool {
        match column {
            Column::Number(number) => *number > 0,
            Column::Name(name) => self.header_rows > 0 && !name.trim().is_empty(),
        }
    }
}

impl Column {
    /// The name, without blanks around it.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Number(_) => None,
            Self::Name(name) => Some(name.trim()),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "number {number}"),
            Self::Name(name) => write!(f, "named {name:?}"),
        }
    }
}

impl Columns {
    /// All that are named.
    pub(super) fn all(&self) -> impl Iterator<Item = &Column> {
        let single = [
            &self.value_date,
            &self.amount,
            &self.debit,
            &self.credit,
            &self.currency,
            &self.fee,
            &self.bank_id,
            &self.counterparty,
            &self.counterparty_account,
        ];
        let direction = self.direction.iter().map(|direction| &direction.column);
        let several = self.references.iter().chain(&self.texts);
        let single = single.into_iter().flatten();
        std::iter::once(&self.date)
            .chain(single)
            .chain(direction)
            .chain(several)
    }
}
