//! What the payer chose, with its sum, before the press that pays it.

use super::order::PayerChoice;
use super::pay::View;
use crate::base::language::typed_amount;
use crate::domain::links::Price;

/// What the payer chose, with the form that pays it.
#[derive(Clone, Debug)]
pub struct Review {
    /// Token of the form against forged posts.
    pub csrf: String,
    /// What was chosen.
    pub choice: PayerChoice,
    /// The query of the pay page that holds the same choice, to change it.
    pub query: String,
}

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
            press: self.press(choice.total),
        }
    }
}
