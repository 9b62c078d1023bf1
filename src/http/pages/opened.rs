//! What a token opens: an intent or a link, as its payer should see it.

use super::super::{Problem, State};
use super::visit::Visit;
use crate::{
    auth,
    checkout::{AmountRange, Item, Order, PayForm, PayPage, PayState, Price},
    crypto::TokenKey,
    db::Window,
    ids::{LinkId, MerchantId},
    intents::{self, Intent, LineItem, Status},
    links::{self, Link, LinkStatus, Usage, store::Subject},
    rails::Rail,
};
use time::OffsetDateTime;

/// What a token opens.
#[derive(Debug)]
pub(super) struct Opened {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The merchant's name.
    pub name: String,
    /// What it is.
    pub matter: Matter,
}

/// What a page is about.
#[derive(Debug)]
pub(super) enum Matter {
    /// One payment, and the link that it goes through, if it does.
    Intent(Box<Intent>, Option<Link>),
    /// A link, through which a payment may begin.
    Link(Link),
}

/// Finds what `token` names. One that cannot be ours takes the same way as one that could be, so
/// that the two differ neither in their answer nor in its time.
pub(super) async fn subject(state: &State, token: &str) -> Result<(MerchantId, Subject), Problem> {
    let found = links::store::find_token(&state.pool, TokenKey::hash(token)).await?;
    found.ok_or_else(Problem::not_found)
}

impl Opened {
    /// Opens the page of `token`.
    pub async fn find(state: &State, token: &str) -> Result<Self, Problem> {
        let (merchant, subject) = subject(state, token).await?;
        let matter = match subject {
            Subject::Link(id) => Matter::Link(link(state, merchant, id).await?),
            Subject::Intent(id) => {
                let intent = intents::store::get(&state.pool, merchant, id).await?;
                let intent = intent.ok_or_else(Problem::not_found)?;
                let through = match intent.terms.payment_link {
                    Some(id) => Some(link(state, merchant, id).await?),
                    None => None,
                };
                Matter::Intent(Box::new(intent), through)
            }
        };
        let name = auth::store::merchant_name(&state.pool, merchant).await?;
        Ok(Self {
            merchant,
            name,
            matter,
        })
    }

    /// The payment to show in place of a link that serves one only: the one that waits for its
    /// payer, who may have lost its page when the chat's browser closed.
    pub async fn or_waiting(self, state: &State) -> Result<Self, Problem> {
        let Matter::Link(link) = &self.matter else {
            return Ok(self);
        };
        if link.terms.usage != Usage::Single || link.open == 0 {
            return Ok(self);
        }
        let filter = intents::store::Filter {
            status: Some(Status::RequiresAction),
            payment_link: Some(link.id),
            ..Default::default()
        };
        let newest = Window {
            older_than: None,
            newer_than: None,
            limit: 1,
        };
        let found = intents::store::list(&state.pool, self.merchant, &filter, newest).await?;
        let matter = match found.0.into_iter().next() {
            Some(intent) => Matter::Intent(Box::new(intent), Some(link.clone())),
            None => self.matter,
        };
        Ok(Self { matter, ..self })
    }

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

async fn link(state: &State, merchant: MerchantId, id: LinkId) -> Result<Link, Problem> {
    let link = links::store::get(&state.pool, merchant, id).await?;
    link.ok_or_else(Problem::not_found)
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
        unit_amount: line.unit_amount,
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
