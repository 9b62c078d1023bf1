//! A message: one page of a statement, or a report.

use super::super::{
    day,
    line::{Flow, Line, signed},
    refused::{Reason, Refused, excerpt},
    statement::{Balance, Statement},
    words::{identifier, keep},
};
use super::fields::Field;
use super::information;
use super::line::{amount, line};
use crate::base::money::{Currency, Money};

/// A message as far as it is read.
#[derive(Default)]
pub(super) struct Message<'a> {
    id: Option<String>,
    account: Option<String>,
    number: Option<String>,
    currency: Option<Currency>,
    opening: Option<Balance>,
    closing: Option<Balance>,
    /// The page begins in the middle of a statement (60M).
    pub(super) goes_on: bool,
    /// The page ends in the middle of a statement (62M).
    pub(super) is_followed: bool,
    /// It is an MT942, which has no balances.
    is_interim: bool,
    /// Sums of an MT942 (90D, 90C).
    sums: Vec<(Flow, Money)>,
    lines: Vec<Line>,
    /// Fields 86 and NS of the last line.
    information: Vec<&'a str>,
}

impl<'a> Message<'a> {
    /// Takes the next field.
    pub(super) fn add(&mut self, field: Field<'a>) -> Result<(), Refused> {
        if !matches!(field.tag, "86" | "NS") {
            self.inform()?;
        }
        match field.tag {
            "61" => self.add_line(field.value),
            // Before the first line and after the last they are about the account.
            "86" | "NS" if !self.lines.is_empty() && self.closing.is_none() => {
                self.information.push(field.value);
                Ok(())
            }
            _ => self.add_head(field).map_err(Refused::from),
        }
    }

    fn add_line(&mut self, value: &str) -> Result<(), Refused> {
        let currency = self.currency.ok_or(Reason::Missing(
            "the opening balance (field 60) before the first line",
        ))?;
        if self.closing.is_some() {
            let reason = "a line (field 61) stands behind the closing balance (field 62)";
            return Err(Reason::Malformed(reason.to_owned()).into());
        }
        let line = line(value, currency);
        let line = line.map_err(|reason| self.place(reason, 1))?;
        self.lines.push(line);
        Ok(())
    }

    /// What is not about a line.
    fn add_head(&mut self, field: Field<'_>) -> Result<(), Reason> {
        let text = field.line();
        match field.tag {
            "20" => self.id = identifier(text)?,
            "25" | "25P" => {
                if self.account.is_some() {
                    let reason = "the account (field 25) stands twice";
                    return Err(Reason::Malformed(reason.to_owned()));
                }
                keep(&mut self.account, text)?;
            }
            "28" | "28C" => self.number = identifier(text)?,
            "60F" | "60M" => {
                self.goes_on = field.tag == "60M";
                let balance = balance("field 60", text)?;
                self.currency = Some(balance.amount.currency());
                once(&mut self.opening, balance, "field 60")?;
            }
            "62F" | "62M" => {
                self.is_followed = field.tag == "62M";
                once(&mut self.closing, balance("field 62", text)?, "field 62")?;
            }
            "13" | "13D" => self.is_interim = true,
            "34F" => {
                self.is_interim = true;
                let code = text.get(..3).unwrap_or(text);
                self.currency = Some(Currency::named(code)?);
            }
            "90C" => self.sums.push((Flow::In, sum(text)?)),
            "90D" => self.sums.push((Flow::Out, sum(text)?)),
            _ => {}
        }
        Ok(())
    }

    /// Gives the last line what fields 86 said about it.
    fn inform(&mut self) -> Result<(), Refused> {
        if let (Some(line), false) = (self.lines.last_mut(), self.information.is_empty()) {
            let information = std::mem::take(&mut self.information).join("\n");
            let added = information::add(&information, &mut line.details);
            added.map_err(|reason| self.place(reason, 0))?;
        }
        Ok(())
    }

    /// The reason, in the last line or one after it.
    fn place(&self, reason: Reason, after: usize) -> Refused {
        Refused::from(reason).in_line(self.lines.len() + after)
    }

    /// The statement.
    pub(super) fn finish(mut self) -> Result<Statement, Refused> {
        self.inform()?;
        if !self.is_interim || self.opening.is_some() {
            let opening = "the opening balance (field 60)";
            self.opening.ok_or(Reason::Missing(opening))?;
            let closing = "the closing balance (field 62)";
            self.closing.ok_or(Reason::Missing(closing))?;
        }
        let currency = self.currency.ok_or(Reason::Missing("the currency"))?;
        self.check_sums(currency)?;
        Ok(Statement {
            id: self.id,
            number: self.number,
            account: self.account,
            currency,
            from: self.opening.and_then(|balance| balance.on),
            to: self.closing.and_then(|balance| balance.on),
            opening: self.opening,
            closing: self.closing,
            lines: self.lines,
        })
    }

    /// The sums of an MT942 are of its lines.
    fn check_sums(&self, currency: Currency) -> Result<(), Reason> {
        for (direction, found) in &self.sums {
            let mut sum = Money::zero(currency);
            for line in self
                .lines
                .iter()
                .filter(|line| line.direction == *direction)
            {
                sum = sum.checked_add(line.amount)?;
            }
            if sum != *found {
                return Err(Reason::Total {
                    field: "field 90",
                    expected: sum.to_string(),
                    found: found.to_string(),
                });
            }
        }
        Ok(())
    }
}

/// `1!a6!n3!a15d`: a mark, a day, a currency and an amount.
fn balance(field: &'static str, text: &str) -> Result<Balance, Reason> {
    let direction = match text.get(..1) {
        Some("C") => Flow::In,
        Some("D") => Flow::Out,
        _ => {
            return Err(Reason::Word {
                field,
                text: excerpt(text),
                known: "C or D, a date, a currency and an amount",
            });
        }
    };
    let part = |from, to| text.get(from..to).unwrap_or_default();
    let on = day::short(field, part(1, 7))?;
    let currency = Currency::named(part(7, 10))?;
    let digits = text.get(10..).unwrap_or_default();
    Ok(Balance {
        amount: signed(direction, amount(field, digits, currency)?),
        on: Some(on),
    })
}

/// Keeps a balance that may be said once.
fn once(place: &mut Option<Balance>, balance: Balance, field: &'static str) -> Result<(), Reason> {
    if place.is_some() {
        return Err(Reason::Malformed(format!("{field} stands twice")));
    }
    *place = Some(balance);
    Ok(())
}

/// `5n3!a15d`: a number of lines, a currency and their sum.
fn sum(text: &str) -> Result<Money, Reason> {
    let text = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let (code, digits) = text.split_at_checked(3).unwrap_or((text, ""));
    amount("field 90", digits, Currency::named(code)?)
}
