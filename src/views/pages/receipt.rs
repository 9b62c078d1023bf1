//! The receipt page.

use super::items::{Line, lines, monogram};
use super::reader::Reader;
use crate::base::ids::IntentId;
use crate::base::language::{
    Locale, Texts, format_amount, format_moment, machine_moment,
    texts::{around_merchant, fill},
};
use crate::base::money::Money;
use crate::domain::intents::LineItem;
use askama::Template;
use time::OffsetDateTime;

/// The page at `/r/{token}`, of a payment that was made or authorized.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Who reads it.
    pub reader: Reader,
    /// The token in the page's address.
    pub token: String,
    /// The payment.
    pub intent: IntentId,
    /// Who was paid.
    pub merchant: String,
    /// What for.
    pub description: Option<String>,
    /// The merchant's own number for it.
    pub reference: Option<String>,
    /// What was bought; may be empty.
    pub items: Vec<LineItem>,
    /// What was charged or is reserved, tip included.
    pub amount: Money,
    /// The tip in it, if the payer gave one.
    pub tip: Option<Money>,
    /// What was paid back, zero if nothing.
    pub refunded: Money,
    /// The money is reserved only, and the merchant has yet to take it.
    pub authorized_only: bool,
    /// When it was paid or authorized.
    pub paid_at: OffsetDateTime,
    /// No real money moved.
    pub test_mode: bool,
}

/// Renders the receipt.
pub fn receipt_page(receipt: &Receipt) -> Result<String, askama::Error> {
    View {
        locale: receipt.reader.locale,
        root: &receipt.reader.root,
        t: receipt.reader.locale.texts(),
        receipt,
    }
    .render()
}

/// What the template sees.
#[derive(Template)]
#[template(path = "receipt.html")]
struct View<'a> {
    locale: Locale,
    root: &'a str,
    t: &'static Texts,
    receipt: &'a Receipt,
}

impl View<'_> {
    fn amount(&self) -> String {
        format_amount(self.receipt.amount, self.locale)
    }

    fn tip(&self) -> Option<String> {
        self.receipt.tip.map(|tip| format_amount(tip, self.locale))
    }

    fn refunded(&self) -> Option<String> {
        let refunded = self.receipt.refunded;
        (refunded.minor() > 0).then(|| format_amount(refunded, self.locale))
    }

    /// The time of payment, for people and for machines.
    fn paid_at(&self) -> (String, String) {
        let at = self.receipt.paid_at;
        (format_moment(at, self.locale), machine_moment(at))
    }

    /// The look of the status and its words.
    fn status(&self) -> (&'static str, &'static str) {
        let refunded = self.receipt.refunded.minor();
        if self.receipt.authorized_only {
            ("wait", self.t.status_authorized)
        } else if refunded == 0 {
            ("done", self.t.status_paid)
        } else if refunded < self.receipt.amount.minor() {
            ("back", self.t.status_partly_refunded)
        } else {
            ("back", self.t.status_refunded)
        }
    }

    fn title(&self) -> String {
        // A title holds no markup, so the name is set apart by isolating characters.
        let merchant = format!("\u{2068}{}\u{2069}", self.receipt.merchant);
        fill(self.t.receipt_from, "merchant", &merchant)
    }

    fn heading(&self) -> (&'static str, &'static str) {
        around_merchant(self.t.receipt_from)
    }

    fn monogram(&self) -> String {
        monogram(&self.receipt.merchant)
    }

    fn lines(&self) -> Vec<Line> {
        lines(&self.receipt.items, self.locale)
    }
}
