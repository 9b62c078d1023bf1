//! `Bal`: what an account held, and when.

use super::super::{
    day,
    line::{Flow, signed},
    refused::Reason,
    statement::Balance,
};
use super::value::{amount, direction};
use super::xml::Value;
use crate::base::money::Money;
use time::Date;

/// A balance as far as it is read.
#[derive(Default)]
pub(super) struct BalanceReader {
    code: String,
    amount: Option<Money>,
    direction: Option<Flow>,
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
