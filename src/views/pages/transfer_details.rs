//! What the page writes of a bank transfer.

use super::{pay::View, transfer::TransferDetails};
use crate::{
    base::money::{Currency, Money},
    domain::rails::bank_transfer::{Iban, Reference, Scheme},
};

/// A line of what the payer copies.
pub(super) struct Detail {
    pub label: &'static str,
    /// As people read it.
    pub text: String,
    /// As programs take it.
    pub plain: String,
}

impl View<'_> {
    pub(super) fn details(&self, details: &TransferDetails) -> Vec<Detail> {
        let t = self.t;
        let told = &details.instructions;
        let account = match Iban::parse(&told.account) {
            Ok(iban) => iban.printed(),
            Err(_) => told.account.clone(),
        };
        let account_label = match told.scheme {
            Scheme::Epc | Scheme::Swiss => t.transfer_iban,
            Scheme::Pix => t.transfer_pix_key,
        };
        let reference = Reference::parse(&told.reference);
        let reference = reference.map_or(told.reference.clone(), |r| r.printed());
        let amount = told.currency.parse().ok().and_then(|currency: Currency| {
            let amount = Money::parse(&told.amount, currency).ok()?;
            Some(self.money(amount))
        });
        let line = |label, text: &str, plain: &str| Detail {
            label,
            text: text.to_owned(),
            plain: plain.to_owned(),
        };
        vec![
            line(
                t.amount,
                amount.as_ref().unwrap_or(&told.amount),
                &told.amount,
            ),
            line(t.transfer_name, &told.name, &told.name),
            line(account_label, &account, &told.account),
            line(t.transfer_reference, &reference, &told.reference),
        ]
    }
}
