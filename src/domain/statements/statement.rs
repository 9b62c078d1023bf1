//! What a bank says about an account, in one shape for all formats.

use super::line::{Line, LineStatus};
use super::refused::{Reason, Refused};
use crate::base::money::{Currency, Money};
use time::Date;

/// What an account held at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Below zero if the account was overdrawn.
    pub amount: Money,
    /// The day, if it is said.
    pub on: Option<Date>,
}

/// What a bank says about one account for one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The bank's id of the statement (`Stmt/Id`, field 20, `TRNUID`).
    pub id: Option<String>,
    /// Its number, page included, as written (`ElctrncSeqNb`, field 28C).
    pub number: Option<String>,
    /// IBAN or another id of the account, as it was written.
    pub account: Option<String>,
    /// The account's currency; every booked line is in it.
    pub currency: Currency,
    /// The first day of the period.
    pub from: Option<Date>,
    /// The last day of the period.
    pub to: Option<Date>,
    /// What was there before the first line.
    pub opening: Option<Balance>,
    /// What is there after the last booked line; in OFX on the day that it says.
    pub closing: Option<Balance>,
    /// All lines in the order of the file, booked or not.
    pub lines: Vec<Line>,
}

impl Statement {
    /// Every booked line is in the account's currency, and the opening balance and all booked lines
    /// are the closing balance, as far as both are said.
    pub fn check(&self) -> Result<(), Refused> {
        let is_booked = |(_, line): &(usize, &Line)| line.status == LineStatus::Booked;
        let mut sum = Money::zero(self.currency);
        for (index, line) in self.lines.iter().enumerate().filter(is_booked) {
            let added = self.add(sum, line.signed());
            sum = added.map_err(|reason| Refused::from(reason).in_line(index + 1))?;
        }
        let (Some(opening), Some(closing)) = (self.opening, self.closing) else {
            return Ok(());
        };
        let expected = self.add(sum, opening.amount)?;
        let (opening, found) = (opening.amount, closing.amount);
        if expected == found {
            Ok(())
        } else {
            Err(Refused::from(Reason::Unbalanced {
                opening,
                expected,
                found,
            }))
        }
    }

    fn add(&self, sum: Money, amount: Money) -> Result<Money, Reason> {
        let (expected, found) = (self.currency, amount.currency());
        if expected == found {
            Ok(sum.checked_add(amount)?)
        } else {
            Err(Reason::OtherCurrency { expected, found })
        }
    }
}
