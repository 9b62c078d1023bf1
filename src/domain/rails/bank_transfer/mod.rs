//! Bank transfers: the payer is told account, amount and reference, as text and as the QR code of
//! the scheme, and pays from any bank. Money is seen later, on a statement, by its reference.
//!
//! Pure rules: no network, no clock, no SQL. [`Settings`] say whose account it is, [`Reference`]
//! names a payment, [`Instructions`] are what the payer is shown, and [`TransferFile`] sends money
//! back. Three schemes are known: the SEPA credit transfer (EPC069-12, version 002), the Swiss
//! QR-bill (SIX Implementation Guidelines QR-bill 2.3) and Pix (Banco Central do Brasil, Manual de
//! Padrões para Iniciação do Pix).

mod address;
mod bic;
mod br_code;
mod characters;
mod countries;
mod epc;
mod fields;
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
