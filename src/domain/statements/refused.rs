//! Why a file is not taken: what, where, expected and found.

use crate::base::money::{Currency, CurrencyError, Money, SumError};
use std::fmt;

/// Why a file is not taken. Nothing of such a file is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{reason}")]
pub struct Refused {
    /// Where in the file.
    pub place: Place,
    /// What is wrong there.
    #[source]
    pub reason: Reason,
}

/// A place in a file of statements, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// 1 for the first statement.
    pub statement: Option<usize>,
    /// 1 for the statement's first line, pending ones counted.
    pub line: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.statement, self.line) {
            (Some(statement), Some(line)) => write!(f, "statement {statement}, line {line}: "),
            (Some(statement), None) => write!(f, "statement {statement}: "),
            (None, Some(line)) => write!(f, "line {line}: "),
            (None, None) => Ok(()),
        }
    }
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It holds more than is read at once.
    #[error("more than {most} {what}; ask the bank for files of shorter periods")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How many are read.
        most: usize,
    },
    /// It is in none of the formats.
    #[error(
        "the file is neither camt.052, .053 or .054, nor MT940, nor OFX; a CSV needs a mapping"
    )]
    Unrecognized,
    /// It is in another format than was said.
    #[error("the file is {found}, not {expected}")]
    OtherFormat {
        /// What was said.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// Its bytes are no text in the encoding that it says.
    #[error("the text is not {0}, the encoding that the file is said to be in")]
    Encoding(String),
    /// It breaks the rules of its format.
    #[error("{0}")]
    Malformed(String),
    /// There is no statement in it.
    #[error("the file holds no statement")]
    NoStatement,
    /// What every statement has is not there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A text is not an amount.
    #[error("{field} {text:?}: {fault}")]
    Amount {
        /// The field's name in the format.
        field: &'static str,
        /// What stands there.
        text: String,
        /// What is wrong with it.
        fault: AmountFault,
    },
    /// A text is not a date, or not one of the calendar.
    #[error("{field} {text:?} is not a date")]
    Date {
        /// The field's name in the format.
        field: &'static str,
        /// What stands there.
        text: String,
    },
    /// A word is none of those that may stand there.
    #[error("{field} is {text:?}, should be {known}")]
    Word {
        /// The field's name in the format.
        field: &'static str,
        /// What stands there.
        text: String,
        /// What may stand there.
        known: &'static str,
    },
    /// A code is not that of a currency.
    #[error(transparent)]
    Currency(#[from] CurrencyError),
    /// An amount is not in the currency of the statement.
    #[error("an amount is in {found}, the account in {expected}")]
    OtherCurrency {
        /// The statement's.
        expected: Currency,
        /// The amount's.
        found: Currency,
    },
    /// Amounts cannot be added up.
    #[error(transparent)]
    Sum(#[from] SumError),
    /// The balances do not fit what was booked between them.
    #[error(
        "the balances do not add up: {opening} and the booked lines make {expected}, the closing balance is {found}; lines are missing or changed"
    )]
    Unbalanced {
        /// The opening balance.
        opening: Money,
        /// What the closing balance should be.
        expected: Money,
        /// What it is.
        found: Money,
    },
    /// A total that the file says of itself is not that of its lines.
    #[error("{field} says {found}, the lines make {expected}; lines are missing or changed")]
    Total {
        /// The field's name in the format.
        field: &'static str,
        /// What the lines make.
        expected: String,
        /// What the field says.
        found: String,
    },
    /// Of a statement in several pages, one is missing.
    #[error(
        "the page begins with {found}, the page before ends with {expected}; a page is missing or changed"
    )]
    Page {
        /// How the page before ends.
        expected: Money,
        /// How this one begins.
        found: Money,
    },
    /// A CSV needs to be told what its columns are, and no other format does.
    #[error("{0}")]
    Mapping(String),
}

/// Why a text is no amount. Nothing is ever rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountFault {
    /// It is not digits with at most one decimal mark.
    #[error("not a plain decimal number")]
    Malformed,
    /// It has a minus where the direction is said by other means.
    #[error("a minus here would have to be guessed at")]
    Sign,
    /// It has no decimal comma where the format always has one.
    #[error("no decimal comma, so that it could mean anything")]
    NoComma,
    /// It has decimals beyond those of the currency that are not zeros.
    #[error("more decimals than the {0} of {1}")]
    TooPrecise(u32, Currency),
    /// It does not fit 64 bits of minor units.
    #[error("too large")]
    TooLarge,
}

impl Reason {
    /// The reason, in this statement (1 is the first).
    pub(super) fn in_statement(self, statement: usize) -> Refused {
        Refused::from(self).in_statement(statement)
    }
}

impl From<Reason> for Refused {
    fn from(reason: Reason) -> Self {
        let place = Place::default();
        Self { place, reason }
    }
}

impl Refused {
    /// The same, in this statement (1 is the first).
    pub(super) fn in_statement(mut self, statement: usize) -> Self {
        self.place.statement = Some(statement);
        self
    }

    /// The same, in this line (1 is the first).
    pub(super) fn in_line(mut self, line: usize) -> Self {
        self.place.line = Some(line);
        self
    }
}

/// What a message shows of a text: enough to find it, and not all of a hostile one.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}
