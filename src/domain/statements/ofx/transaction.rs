//! `STMTTRN`, a transaction, and `STMTTRNP`, a pending one.

use super::super::{
    amount::{fault_in, strict},
    day,
    details::{Details, ReferenceKind},
    line::{Flow, Line, LineStatus},
    refused::{AmountFault, Reason},
    words::{append, identifier, keep, refer},
};
use crate::base::money::{Currency, Money};
use time::Date;

/// A transaction as far as it is read.
#[derive(Default)]
pub(super) struct TransactionReader {
    is_pending: bool,
    bank_id: Option<String>,
    amount: Option<String>,
    /// `CURRENCY`: of the amount. Any other is that of the account.
    currency: Option<Currency>,
    booked_on: Option<Date>,
    value_on: Option<Date>,
    details: Details,
}

impl TransactionReader {
    /// A transaction that begins.
    pub(super) fn new(is_pending: bool) -> Self {
        Self {
            is_pending,
            ..Self::default()
        }
    }

    /// A field, inside of this aggregate of the transaction (empty: of none).
    pub(super) fn field(&mut self, inside: &str, name: &str, text: &str) -> Result<(), Reason> {
        let references = &mut self.details.references;
        match name {
            "TRNTYPE" => keep(&mut self.details.code, text)?,
            "DTPOSTED" => self.booked_on = Some(day::long("DTPOSTED", text)?),
            "DTAVAIL" => self.value_on = Some(day::long("DTAVAIL", text)?),
            "TRNAMT" if self.amount.is_some() => {
                return Err(Reason::Malformed("TRNAMT stands twice".to_owned()));
            }
            "TRNAMT" => self.amount = Some(text.to_owned()),
            "FITID" => self.bank_id = identifier(text)?,
            // To replace or delete what came in another file is a decision for people.
            "CORRECTFITID" => {
                let reason = "a transaction corrects another (CORRECTFITID), which is not read";
                return Err(Reason::Malformed(reason.to_owned()));
            }
            "SRVRTID" => refer(references, ReferenceKind::Bank, text)?,
            // Banks count "no cheque" as 0.
            "CHECKNUM" if text.trim_matches('0').is_empty() => {}
            "CHECKNUM" => refer(references, ReferenceKind::Cheque, text)?,
            "REFNUM" => refer(references, ReferenceKind::Customer, text)?,
            "NAME" => keep(&mut self.details.counterparty.name, text)?,
            "MEMO" | "EXTDNAME" => append(&mut self.details.text, text)?,
            "ACCTID" if inside.ends_with("ACCTTO") => {
                keep(&mut self.details.counterparty.account, text)?;
            }
            "BANKID" if inside.ends_with("ACCTTO") => {
                keep(&mut self.details.counterparty.bank, text)?;
            }
            "CURSYM" if inside == "CURRENCY" => self.currency = Some(Currency::named(text)?),
            _ => {}
        }
        Ok(())
    }

    /// The currency that the amount is said to be in.
    pub(super) fn currency(&self) -> Option<Currency> {
        self.currency
    }

    /// The line, of an account in this currency.
    pub(super) fn finish(self, currency: Currency) -> Result<Line, Reason> {
        let text = self.amount.ok_or(Reason::Missing("the amount (TRNAMT)"))?;
        let signed = amount(&text, self.currency.unwrap_or(currency));
        let signed = signed.map_err(fault_in("TRNAMT", &text))?;
        if self.booked_on.is_none() && !self.is_pending {
            return Err(Reason::Missing("the day (DTPOSTED)"));
        }
        let direction = if signed.minor() < 0 {
            Flow::Out
        } else {
            Flow::In
        };
        let minor = signed.minor().checked_abs();
        let minor = minor.ok_or(AmountFault::TooLarge);
        let minor = minor.map_err(fault_in("TRNAMT", &text))?;
        let status = if self.is_pending {
            LineStatus::Pending
        } else {
            LineStatus::Booked
        };
        Ok(Line {
            bank_id: self.bank_id,
            direction,
            amount: Money::new(minor, signed.currency()),
            status,
            booked_on: self.booked_on,
            value_on: self.value_on,
            is_reversal: false,
            details: self.details,
            transactions: Vec::new(),
        })
    }
}

/// A sign, digits and a point or a comma; no separators of thousands (OFX 2.2, 3.2.9.1). A comma
/// with more digits behind it than the currency has may be such a separator all the same.
pub(super) fn amount(text: &str, currency: Currency) -> Result<Money, AmountFault> {
    if text.contains(',') {
        strict(text, ',', currency)
    } else {
        super::super::amount::with_sign(text, '.', currency)
    }
}
