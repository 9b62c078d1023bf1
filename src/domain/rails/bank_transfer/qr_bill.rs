//! The text of the Swiss QR Code (SIX Implementation Guidelines QR-bill 2.3, chapter 4).

use super::{Address, Iban, Reference, ReferenceKind};
use crate::base::money::Money;

/// The lines of a party that is not named: address type, name, street, building, postal code, town,
/// country.
const NOBODY: [&str; 7] = [""; 7];

/// 31 lines with LF between: all are there, also where they are empty. The final creditor is for
/// later versions of the standard, and the debtor is whoever pays.
pub(super) fn payload(
    (name, iban, address): (&str, &Iban, &Address),
    amount: Money,
    reference: &Reference,
) -> String {
    let kind = match reference.kind() {
        ReferenceKind::Qr => "QRR",
        ReferenceKind::Creditor => "SCOR",
    };
    let value = amount.to_string();
    // version 2.0 of the structure, whatever the guidelines' version; UTF-8
    let mut lines = vec!["SPC", "0200", "1", iban.as_str()];
    // an address in parts
    lines.extend(["S", name]);
    lines.extend(address.lines());
    lines.extend(NOBODY);
    lines.extend([value.as_str(), amount.currency().code()]);
    lines.extend(NOBODY);
    // no message; the end of the payment's data
    lines.extend([kind, reference.as_str(), "", "EPD"]);
    lines.join("\n")
}
