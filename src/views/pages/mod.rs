//! The pages that people see: pay page, receipt, notices and the API reference.
//!
//! Pure rendering: a handler gathers a view model ([`PayPage`], [`Receipt`]), and a function here
//! makes the page of it. No script that a page needs, no inline style, nothing from another host. What merchants
//! and payers wrote is escaped by askama and is put in `<bdi>`, so that it cannot reorder the
//! text around it.

mod headers;
mod items;
mod notice;
mod order;
mod pay;
mod pay_form;
mod qr;
mod reader;
mod receipt;
mod reference;
mod review;
mod review_form;
mod size;
mod transfer;
mod transfer_details;

#[cfg(test)]
mod tests;

pub use headers::{
    PAGE_HEADERS, POLICY_WITH_SCRIPT, REFERENCE_HEADERS, SCRIPT_HEADERS, STYLE_HEADERS,
};
pub use notice::{PageFault, fault_page, not_found_page};
pub use order::{FieldFault, Order, PayerChoice, PostedForm, SANDBOX_METHODS};
pub use pay::{PayForm, PayPage, PayState, pay_page};
pub use qr::{Mark, QrError, qr_png, qr_svg};
pub use reader::Reader;
pub use receipt::{Receipt, receipt_page};
pub use reference::reference_page;
pub use review::Review;
pub use transfer::TransferDetails;

use std::hash::{DefaultHasher, Hasher};
use std::sync::LazyLock;

/// The style of every page, served at [`style_path`].
pub const STYLE: &str = include_str!("style.css");

/// The script of the page of a bank transfer, served at [`script_path`]. Without it there are no
/// buttons to copy with, and nothing else is missing.
pub const SCRIPT: &str = include_str!("copy.js");

/// Where [`STYLE`] is served: `/assets/style-<hash>.css`, a new address for a new text, so that
/// it can be cached for ever.
pub fn style_path() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| hashed("style", STYLE, "css"));
    &PATH
}

/// Where [`SCRIPT`] is served, likewise.
pub fn script_path() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| hashed("copy", SCRIPT, "js"));
    &PATH
}

fn hashed(name: &str, text: &str, kind: &str) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    format!("/assets/{name}-{:016x}.{kind}", hasher.finish())
}
