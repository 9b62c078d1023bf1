//! A row as a line.

use super::super::{
    amount::fault_in,
    details::{Charge, Details, Party, ReferenceKind},
    line::{Flow, Line, LineStatus},
    refused::{AmountFault, Reason, excerpt},
    words::{append, clean, identifier, refer},
};
use super::mapping::{Column, Columns, Mapping};
use super::number::{number, unsigned};
use super::options::Sign;
use super::pattern::Pattern;
use crate::base::money::{Currency, Money};
use ::csv::StringRecord;

/// How rows are read.
pub(super) struct Rows<'a> {
    mapping: &'a Mapping,
    columns: &'a Columns,
    pattern: Pattern,
    currency: Option<Currency>,
    header: Option<&'a StringRecord>,
}

impl<'a> Rows<'a> {
    /// Rows under this header, which must have each column that the mapping names, once.
    pub(super) fn of(
        mapping: &'a Mapping,
        header: Option<&'a StringRecord>,
    ) -> Result<Self, Reason> {
        let columns = &mapping.columns;
        for name in columns.all().filter_map(Column::name) {
            let is_it = |field: &&str| *field == name;
            let count = header.into_iter().flatten().filter(is_it).count();
            if count != 1 {
                let reason = format!(
                    "the header has the column {:?} {count} times, not once",
                    excerpt(name)
                );
                return Err(Reason::Mapping(reason));
            }
        }
        Ok(Self {
            mapping,
            columns,
            pattern: Pattern::read(&mapping.date_format)?,
            currency: mapping.common_currency()?,
            header,
        })
    }

    /// The line of a row.
    pub(super) fn line(&self, record: &StringRecord) -> Result<Line, Reason> {
        let optional = |column| self.optional(record, column);
        let columns = self.columns;
        let currency = match self.currency {
            Some(currency) => currency,
            None => Currency::named(optional(columns.currency.as_ref())?)?,
        };
        let (direction, amount) = self.amount(record, currency)?;
        let booked_on = self.pattern.day("date", self.get(record, &columns.date)?)?;
        let value_on = Some(optional(columns.value_date.as_ref())?).filter(|text| !text.is_empty());
        let value_on = value_on.map(|text| self.pattern.day("value_date", text));
        Ok(Line {
            bank_id: identifier(optional(columns.bank_id.as_ref())?)?,
            direction,
            amount,
            status: LineStatus::Booked,
            booked_on: Some(booked_on),
            value_on: value_on.transpose()?,
            is_reversal: false,
            details: self.details(record, currency)?,
            transactions: Vec::new(),
        })
    }

    fn details(&self, record: &StringRecord, currency: Currency) -> Result<Details, Reason> {
        let optional = |column| self.optional(record, column);
        let mut details = Details {
            counterparty: Party {
                name: clean(optional(self.columns.counterparty.as_ref())?)?,
                account: clean(optional(self.columns.counterparty_account.as_ref())?)?,
                bank: None,
            },
            ..Details::default()
        };
        for column in &self.columns.references {
            let text = self.get(record, column)?;
            refer(&mut details.references, ReferenceKind::Customer, text)?;
        }
        for column in &self.columns.texts {
            append(&mut details.text, self.get(record, column)?)?;
        }
        let fee = optional(self.columns.fee.as_ref())?;
        if !fee.is_empty() {
            let amount = unsigned("fee", fee, number(self.mapping, fee, currency))?;
            let is_included = None;
            details.charges.push(Charge {
                amount,
                is_included,
            });
        }
        Ok(details)
    }

    /// Which way, and how much.
    fn amount(&self, record: &StringRecord, currency: Currency) -> Result<(Flow, Money), Reason> {
        let columns = self.columns;
        let is_inverted = self.mapping.sign == Sign::Inverted;
        if let Some(column) = &columns.amount {
            let text = self.get(record, column)?;
            let read = number(self.mapping, text, currency);
            if let Some(direction) = &columns.direction {
                let word = self.get(record, &direction.column)?;
                let way = if word == direction.incoming.trim() {
                    Flow::In
                } else if word == direction.outgoing.trim() {
                    Flow::Out
                } else {
                    return Err(Reason::Word {
                        field: "direction",
                        text: excerpt(word),
                        known: "one of the two words of the mapping",
                    });
                };
                return Ok((way, unsigned("amount", text, read)?));
            }
            let amount = read.map_err(fault_in("amount", text))?;
            let is_out = (amount.minor() < 0) != is_inverted;
            let way = if is_out { Flow::Out } else { Flow::In };
            return Ok((way, Money::new(amount.minor().saturating_abs(), currency)));
        }
        let text = |column| self.optional(record, column);
        let (debit, credit) = (
            text(columns.debit.as_ref())?,
            text(columns.credit.as_ref())?,
        );
        match (self.part(debit, currency), self.part(credit, currency)) {
            (Some(amount), None) => {
                let amount = if is_inverted {
                    amount.map(|amount| Money::new(amount.minor().saturating_neg(), currency))
                } else {
                    amount
                };
                Ok((Flow::Out, unsigned("debit", debit, amount)?))
            }
            (None, Some(amount)) => Ok((Flow::In, unsigned("credit", credit, amount)?)),
            (Some(_), Some(_)) => Err(Reason::Malformed(
                "a row has both a debit and a credit".to_owned(),
            )),
            (None, None) => Err(Reason::Missing("the amount")),
        }
    }

    /// The amount of a column of debits or credits. Zero says that it stands in the other one.
    fn part(&self, text: &str, currency: Currency) -> Option<Result<Money, AmountFault>> {
        let amount = (!text.is_empty()).then(|| number(self.mapping, text, currency))?;
        (amount != Ok(Money::zero(currency))).then_some(amount)
    }

    /// What stands in a column, empty if there is no such column.
    fn optional<'r>(
        &self,
        record: &'r StringRecord,
        column: Option<&Column>,
    ) -> Result<&'r str, Reason> {
        column.map_or(Ok(""), |column| self.get(record, column))
    }

    /// What stands in a column. A row that ends before it is short.
    fn get<'r>(&self, record: &'r StringRecord, column: &Column) -> Result<&'r str, Reason> {
        let index = match column {
            Column::Number(number) => usize::from(*number).checked_sub(1),
            Column::Name(name) => self
                .header
                .and_then(|header| header.iter().position(|field| field == name.trim())),
        };
        let field = index.and_then(|index| record.get(index));
        field.ok_or_else(|| {
            let (count, column) = (record.len(), column.to_string());
            Reason::Malformed(format!("the row has {count} columns, and none is {column}"))
        })
    }
}
