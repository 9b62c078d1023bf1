//! `Charges` (`Chrgs`): what banks took for a payment.

use super::super::{details::Charge, line::Flow, refused::Reason};
use super::value::{amount, direction, flag};
use super::xml::Value;
use crate::base::money::Money;

/// Most charges of one line.
const CHARGES_MAX: usize = 100;

/// The charges as far as they are read.
#[derive(Default)]
pub(super) struct Charges {
    charge: ChargeReader,
    /// The charges of this `Chrgs` came one by one.
    has_records: bool,
    /// The charges of this `Chrgs` in one sum.
    total: Option<Money>,
    /// Those that are read.
    pub(super) found: Vec<Charge>,
}

#[derive(Default)]
struct ChargeReader {
    amount: Option<Money>,
    is_credit: bool,
    is_included: Option<bool>,
}

impl Charges {
    /// A field of `Chrgs`: they come one by one in `Rcrd` since version 3, before that in `Chrgs` itself.
    pub(super) fn field(&mut self, path: &str, value: &Value<'_>) -> Result<(), Reason> {
        match path.strip_prefix("Rcrd/").unwrap_or(path) {
            "Amt" => self.charge.amount = Some(amount("Chrgs/Amt", value)?),
            "CdtDbtInd" => self.charge.is_credit = direction(value)? == Flow::In,
            "ChrgInclInd" => self.charge.is_included = Some(flag("ChrgInclInd", value)?),
            "TtlChrgsAndTaxAmt" => self.total = Some(amount("TtlChrgsAndTaxAmt", value)?),
            _ => {}
        }
        Ok(())
    }

    /// An element of the details ends.
    pub(super) fn close(&mut self, path: &str) -> Result<(), Reason> {
        if path == "Chrgs/Rcrd" {
            self.add_charge()?;
        } else if path == "Chrgs" {
            self.add_charge()?;
            if let Some(amount) = self.total.take().filter(|_| !self.has_records) {
                self.charge.amount = Some(amount);
                self.add_charge()?;
            }
            self.has_records = false;
        }
        Ok(())
    }

    fn add_charge(&mut self) -> Result<(), Reason> {
        let charge = std::mem::take(&mut self.charge);
        let Some(amount) = charge.amount else {
            return Ok(());
        };
        if self.found.len() >= CHARGES_MAX {
            let (what, most) = ("charges in one line", CHARGES_MAX);
            return Err(Reason::TooMuch { what, most });
        }
        let minor = if charge.is_credit {
            -amount.minor()
        } else {
            amount.minor()
        };
        self.has_records = true;
        self.found.push(Charge {
            amount: Money::new(minor, amount.currency()),
            is_included: charge.is_included,
        });
        Ok(())
    }
}
