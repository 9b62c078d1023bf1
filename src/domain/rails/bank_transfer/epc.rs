//! The text of the QR code for SEPA credit transfers (EPC069-12, version 002).

use super::{Bic, Iban, Reference};
use crate::base::money::Money;

/// Twelve lines of which the last ones may be left out, with LF between. The reference is
/// structured remittance information (AT-05), so there is no free text. It stays below the 331
/// bytes that the standard allows, since a name takes at most 210 of them.
pub(super) fn payload(
    (name, iban, bic): (&str, &Iban, Option<&Bic>),
    amount: Money,
    reference: &Reference,
) -> String {
    let amount = format!("EUR{amount}");
    let lines = [
        "BCD",
        "002",
        // UTF-8
        "1",
        "SCT",
        bic.map_or("", Bic::as_str),
        name,
        iban.as_str(),
        &amount,
        // the purpose, which we do not know
        "",
        reference.as_str(),
    ];
    lines.join("\n")
}
