//! An intent or a link as its payer should see it: what is to be paid, and how that stands.

use super::opened::{Matter, Opened};
use super::visit::Visit;
use crate::http::State;
use crate::{
    domain::{
        intents::{LineItem, Status},
        links::{self, Link, LinkStatus},
        rails::Rail,
    },
    views::pages::{AmountRange, Item, Order, PayForm, PayPage, PayState, Price},
};
use time::OffsetDateTime;

impl Opened {
    /// The page of it, with a form that can be sent once.
    pub fn page(&self, state: &State, visit: &Visit) -> PayPage {
        let token = match &self.matter {
            // A link's payment may be shown at the link's address.
            Matter::Intent(intent, _) => state.urls.token(&intent.id.to_string()),
            Matter::Link(_) => visit.token.clone(),
        };
        PayPage {
            locale: visit.locale,
            order: self.order(),
            state: self.stands(state, &token),
            token,
        }
    }

    fn stands(&self, state: &State, token: &str) -> PayState {
        let now = state.ambient.now();
        let csrf = || state.keyring.tokens.form_token(token, now, &state.ambient);
        let payable = |decline_code| {
            PayState::Payable(PayForm {
                csrf: csrf(),
                decline_code,
                ..PayForm::default()
            })
        };
        match &self.matter {
            Matter::Link(link) => closed(link, now).unwrap_or_else(|| payable(None)),
            Matter::Intent(intent, link) => match intent.status_at(now) {
                Status::RequiresPayment => {
                    let failed = intent.last_error.map(|error| error.decline_code);
                    let closed = link.as_ref().and_then(|link| closed(link, now));
                    closed.unwrap_or_else(|| payable(failed.map(|code| code.as_str().to_owned())))
                }
                Status::Processing => PayState::Processing,
                Status::RequiresAction => PayState::ActionRequired { csrf: csrf() },
                Status::RequiresCapture => PayState::Authorized,
                Status::Succeeded => PayState::Paid {
                    receipt: token.to_owned(),
                },
                Status::Canceled => PayState::Canceled,
                Status::Expired => PayState::Expired,
            },
        }
    }

    /// What is to be paid.
    pub fn order(&self) -> Order {
        let merchant = self.name.clone();
        match &self.matter {
            Matter::Intent(intent, _) => {
                let terms = &intent.terms;
                Order {
                    merchant,
                    description: terms.description.clone(),
                    reference: terms.reference.clone(),
                    items: items(&terms.line_items),
                    price: Price::Fixed(terms.amount),
                    tips: Vec::new(),
                    expires_at: Some(intent.expires_at()),
                    test_mode: is_test(terms.rail),
                }
            }
            Matter::Link(link) => {
                let terms = &link.terms;
                Order {
                    merchant,
                    description: terms.description.clone(),
                    reference: terms.reference.clone(),
                    items: Vec::new(),
                    price: price(terms.price),
                    tips: terms.tips.clone(),
                    expires_at: link.expires_at(),
                    test_mode: is_test(terms.rail),
                }
            }
        }
    }
}

/// What keeps a link from being paid, if anything does.
fn closed(link: &Link, now: OffsetDateTime) -> Option<PayState> {
    match link.status_at(now) {
        LinkStatus::Active if link.is_full() => Some(PayState::Processing),
        LinkStatus::Active => None,
        LinkStatus::Completed => Some(PayState::Used),
        LinkStatus::Expired => Some(PayState::Expired),
        LinkStatus::Inactive => Some(PayState::Inactive),
    }
}

/// Lines as payers read them.
pub(super) fn items(lines: &[LineItem]) -> Vec<Item> {
    let item = |line: &LineItem| Item {
        label: line.label.clone(),
        quantity: line.quantity,
        unit_amount: line.effect(),
    };
    lines.iter().map(item).collect()
}

fn price(price: links::Price) -> Price {
    match price {
        links::Price::Fixed(amount) => Price::Fixed(amount),
        links::Price::Chosen { preset, min, max } => Price::Chosen(AmountRange {
            currency: min.currency(),
            preset,
            min: Some(min),
            max: Some(max),
        }),
    }
}

/// Whether a rail moves no real money.
pub(super) fn is_test(rail: Rail) -> bool {
    match rail {
        Rail::Sandbox => true,
    }
}
