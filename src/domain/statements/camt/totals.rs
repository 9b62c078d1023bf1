//! `Bal` and `TxsSummry`: what a statement says of its sums.

use super::super::{
    amount::{exact, fault_in},
    day,
    refused::Reason,
    statement::{Balance, Direction, Line, LineStatus, signed},
};
use super::value::{amount, direction};
use super::xml::Value;
use crate::base::money::{Currency, Money};
use time::Date;

/// A balance as far as it is read.
#[derive(Default)]
pub(super) struct BalanceReader {
    code: String,
    amount: Option<Money>,
    direction: Option<Direction>,
    on: Option<Date>,
}

impl BalanceReader {
    /// A field of `Bal`, by its path there.
    pub(super) fn field(&mut self, path: &str, value: &Value<'_>) -> Result<(), Reason> {
        match path {
            "Tp/CdOrPrtry/Cd" | "Tp/CdOrPrtry/Prtry" => value.text.clone_into(&mut self.code),
            "Amt" => self.amount = Some(amount("Bal/Amt", value)?),
            "CdtDbtInd" => self.direction = Some(direction(value)?),
            "Dt/Dt" | "Dt/DtTm" => self.on = Some(day::iso("Bal/Dt", value.text)?),
            _ => {}
        }
        Ok(())
    }
}

/// The balances between which entries were booked (`BalanceType12Code`).
#[derive(Default)]
pub(super) struct Balances {
    /// `OPBD`.
    opening: Option<Balance>,
    /// `PRCD`: how the period before closed.
    previous: Option<Balance>,
    /// `CLBD`.
    closing: Option<Balance>,
    /// `ITBD`: as of now, in a report during the day.
    interim: Option<Balance>,
    /// There are several interim ones, and which is which is not said.
    is_interim_ambiguous: bool,
}

impl Balances {
    /// Keeps the balance if it is one of these.
    pub(super) fn add(&mut self, reader: &BalanceReader) -> Result<(), Reason> {
        let place = match reader.code.as_str() {
            "OPBD" => &mut self.opening,
            "PRCD" => &mut self.previous,
            "CLBD" => &mut self.closing,
            "ITBD" => &mut self.interim,
            _ => return Ok(()),
        };
        let amount = reader.amount.ok_or(Reason::Missing("Bal/Amt"))?;
        let direction = reader.direction.ok_or(Reason::Missing("Bal/CdtDbtInd"))?;
        let amount = signed(direction, amount);
        let balance = Balance {
            amount,
            on: reader.on,
        };
        match place {
            Some(other) if other.amount != amount && reader.code == "ITBD" => {
                self.is_interim_ambiguous = true;
            }
            Some(other) if other.amount != amount => {
                let (code, found) = (&reader.code, other.amount);
                let reason = format!("the balance {code} is both {found} and {amount}");
                return Err(Reason::Malformed(reason));
            }
            Some(_) => {}
            None => *place = Some(balance),
        }
        Ok(())
    }

    /// Opening and closing.
    pub(super) fn ends(&self) -> (Option<Balance>, Option<Balance>) {
        let interim = self.interim.filter(|_| !self.is_interim_ambiguous);
        (self.opening.or(self.previous), self.closing.or(interim))
    }
}

/// `TotalTransactions`: sums of credits and debits, as texts, since their currency is the account's.
#[derive(Default)]
pub(super) struct Summary {
    credits: Option<String>,
    debits: Option<String>,
}

impl Summary {
    /// A field of `TxsSummry`, by its path there.
    pub(super) fn field(&mut self, path: &str, value: &Value<'_>) {
        match path {
            "TtlCdtNtries/Sum" => self.credits = Some(value.text.to_owned()),
            "TtlDbtNtries/Sum" => self.debits = Some(value.text.to_owned()),
            _ => {}
        }
    }

    /// Holds the sums against the lines: all of them, or the booked ones. Banks do both.
    pub(super) fn check(&self, lines: &[Line], currency: Currency) -> Result<(), Reason> {
        let sums = [
            ("TtlCdtNtries/Sum", &self.credits, Direction::In),
            ("TtlDbtNtries/Sum", &self.debits, Direction::Out),
        ];
        for (field, said, direction) in sums {
            let Some(said) = said else { continue };
            let found = exact(said, '.', currency).map_err(fault_in(field, said))?;
            let of = |counts: fn(&Line) -> bool| {
                let mut lines = lines.iter().filter(|line| line.direction == direction);
                lines.try_fold(Money::zero(currency), |sum, line| {
                    if counts(line) {
                        sum.checked_add(line.amount)
                    } else {
                        Ok(sum)
                    }
                })
            };
            let booked = of(|line| line.status == LineStatus::Booked)?;
            if booked != found && of(|_| true)? != found {
                return Err(Reason::Total {
                    field,
                    expected: booked.to_string(),
                    found: said.chars().take(40).collect(),
                });
            }
        }
        Ok(())
    }
}
