//! Bank transfers: the payer is told account, amount and reference, as text and as the QR code of
//! the scheme, and pays from any bank. Money is seen later, on a statement, by its reference.
//!
//! Pure rules: no network, no clock, no SQL. [`Settings`] say whose account it is, [`Reference`]
//! names a payment, [`Instructions`] are what the payer is shown, and [`TransferFile`] sends money
//! back. Three schemes are known: the SEPA credit transfer (EPC069-12, version 002), the Swiss
//! QR-bill (SIX Implementation Guidelines QR-bill 2.3) and Pix (Banco Central do Brasil, Manual de
//! Padrões para Iniciação do Pix).

use super::{CallKind, DeclineCode, RailAnswer};

mod address;
mod bic;
mod br_code;
mod characters;
mod countries;
mod epc;
pub(in crate::domain::rails) mod fields;
mod iban;
mod instructions;
mod pix_key;
mod qr_bill;
mod reference;
mod scheme;
mod settings;
mod tax_number;
mod transfer;
mod xml;

pub use address::Address;
pub use bic::{Bic, BicError};
pub use iban::{Iban, IbanError};
pub use instructions::{Instructions, NotPayable};
pub use pix_key::{PixKey, PixKeyError};
pub use reference::{Reference, ReferenceKind};
pub use scheme::Scheme;
pub use settings::{Holder, Settings, SettingsObject};
pub use transfer::{Transfer, TransferError, TransferFile};

/// What becomes of a call, as far as anybody can say before money is seen on a statement: the payer
/// was told how to pay, or the merchant's bank is to be told to pay back.
pub(super) fn answer(kind: CallKind) -> RailAnswer {
    match kind {
        CallKind::Charge | CallKind::Refund => RailAnswer::Pending,
        // What is closed is not asked for any more, whatever the payer does.
        CallKind::Close => RailAnswer::Succeeded,
        CallKind::Capture | CallKind::Void => RailAnswer::Declined(DeclineCode::ProcessingError),
    }
}
