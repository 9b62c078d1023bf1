//! What the page writes of a choice that is looked at once more.

use super::{pay::View, review::Review};
use crate::{base::language::typed_amount, domain::links::Price};

/// The choice as the page writes it.
pub(super) struct Written {
    /// The amount as the form posts it; `None` where the merchant set it.
    pub typed: Option<String>,
    pub amount: String,
    pub tip: Option<String>,
    pub total: String,
    /// The button.
    pub press: String,
}

impl View<'_> {
    pub(super) fn write(&self, review: &Review) -> Written {
        let choice = &review.choice;
        let typed = match self.order.price {
            Price::Fixed(_) => None,
            Price::Chosen { .. } => Some(typed_amount(choice.amount, self.locale)),
        };
        Written {
            typed,
            amount: self.money(choice.amount),
            tip: (choice.tip.minor() > 0).then(|| self.money(choice.tip)),
            total: self.money(choice.total),
            press: if choice.payment_method.rail().is_push() {
                self.t.transfer_details.to_owned()
            } else {
                self.press(choice.total)
            },
        }
    }
}
