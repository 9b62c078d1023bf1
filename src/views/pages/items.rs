//! What is bought, as lines of a table.

use crate::base::{
    language::{Locale, format_amount, texts::fill},
    money::Money,
};
use crate::domain::intents::LineItem;

/// One line of the table of items.
pub(super) struct Line {
    pub label: String,
    pub quantity: u32,
    /// What one costs, where there are several.
    pub each: Option<String>,
    pub total: String,
}

/// The lines of a table of items.
pub(super) fn lines(items: &[LineItem], locale: Locale) -> Vec<Line> {
    items.iter().map(|item| line(item, locale)).collect()
}

fn line(item: &LineItem, locale: Locale) -> Line {
    let one = format_amount(item.effect(), locale);
    let total = Money::try_from(item.effect().times(item.quantity));
    Line {
        label: item.label.clone(),
        quantity: item.quantity,
        each: (item.quantity > 1).then(|| fill(locale.texts().each, "amount", &one)),
        // Items sum to an amount in range, so a product out of range never gets here.
        total: total
            .map(|total| format_amount(total, locale))
            .unwrap_or_default(),
    }
}

/// The merchant's first letter, for the sign beside its name.
pub(super) fn monogram(merchant: &str) -> String {
    let first = merchant.chars().find(|c| c.is_alphanumeric());
    first
        .map(|c| c.to_uppercase().to_string())
        .unwrap_or_default()
}
