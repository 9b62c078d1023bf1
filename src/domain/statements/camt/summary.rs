//! `TxsSummry`: what a statement says of its sums.

use super::super::{
    amount::{exact, fault_in},
    line::{Flow, Line, LineStatus},
    refused::Reason,
};
use super::xml::Value;
use crate::base::money::{Currency, Money};

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
            ("TtlCdtNtries/Sum", &self.credits, Flow::In),
            ("TtlDbtNtries/Sum", &self.debits, Flow::Out),
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
