//! An intent or a link as its payer should see it: what is to be paid, and how that stands.

use super::subject::{OpenIntent, Page, PageSubject};
use super::visit::Visit;
use crate::http::State;
use crate::{
    domain::{
        auth::Merchant,
        intents::{CaptureMethod, Status},
        links::{Link, LinkStatus, Price},
        rails::{NextAction, Rail},
    },
    views::pages::{Order, PayForm, PayPage, PayState, TransferDetails},
};
use time::OffsetDateTime;

impl Page {
    /// The page of it, with a form that can be sent once: for this way to pay, if one was chosen.
    pub fn page(&self, state: &State, visit: &Visit, way: Option<Rail>) -> PayPage {
        let token = match self.subject.intent() {
            // A link's payment may be shown at the link's address.
            Some(id) => state.urls.token(&id.to_string()),
            None => visit.token.clone(),
        };
        PayPage {
            reader: visit.reader.clone(),
            order: self.order(),
            state: self.state(state, &token, way),
            token,
            now: self.now(state),
        }
    }

    /// The merchant's time.
    pub(super) fn now(&self, state: &State) -> OffsetDateTime {
        state.ambient.now() + self.merchant.ahead
    }

    fn state(&self, state: &State, token: &str, way: Option<Rail>) -> PayState {
        let now = self.now(state);
        let csrf = || {
            // How long a form is good for is nobody's business but ours.
            let (tokens, made_at) = (state.keyring.tokens.newest(), state.ambient.now());
            tokens.form_token(token, made_at, &state.ambient)
        };
        let payable = |decline_code| {
            if self.ways.rails.is_empty() {
                return if self.ways.for_programs.is_empty() {
                    PayState::Inactive
                } else {
                    PayState::ForPrograms
                };
            }
            PayState::Payable(PayForm {
                csrf: csrf(),
                way,
                decline_code,
                ..PayForm::default()
            })
        };
        let open = match &self.subject {
            PageSubject::Link(link) => return closed(link, now).unwrap_or_else(|| payable(None)),
            PageSubject::Intent(open) => open,
        };
        let told = open.intent.waits_with().and_then(NextAction::bank_transfer);
        if let Some(told) = told {
            // Not kept to one browser: nobody loses by it, and the payer's bank may be elsewhere.
            let other = way.filter(|way| !way.is_push() && self.ways.rails.contains(way));
            return match other {
                Some(_) => payable(None),
                None => PayState::Transfer(Box::new(TransferDetails {
                    instructions: told.clone(),
                    until: open.pays_until,
                })),
            };
        }
        match (open.intent.status_at(now), open.is_readers) {
            (Status::RequiresPayment, _) => {
                let failed = open.intent.last_error.map(|error| error.decline_code);
                let closed = open.link.as_ref().and_then(|link| closed(link, now));
                let rests = open.intent.declines.up_until(now).is_some();
                let rests = rests.then_some(PayState::TooManyDeclines);
                closed.or(rests).unwrap_or_else(|| payable(failed))
            }
            (Status::Processing | Status::RequiresAction, false) => PayState::SomebodyPaying,
            (Status::Processing, true) => PayState::Processing,
            (Status::RequiresAction, true) => {
                match open.intent.waits_with().and_then(NextAction::address) {
                    Some(address) => PayState::Elsewhere {
                        address: address.to_owned(),
                        at_once: false,
                        csrf: csrf(),
                    },
                    None => PayState::ActionRequired { csrf: csrf() },
                }
            }
            (Status::RequiresCapture, _) => PayState::Authorized,
            (Status::Succeeded, _) => PayState::Paid {
                receipt: token.to_owned(),
                refunded: open.intent.sums.refunded,
            },
            (Status::Canceled, _) => PayState::Canceled,
            (Status::Expired, _) => PayState::Expired,
        }
    }

    /// What is to be paid, or was.
    pub fn order(&self) -> Order {
        let merchant = &self.merchant;
        match &self.subject {
            PageSubject::Intent(open) => open.order(merchant, self.ways.rails.clone()),
            PageSubject::Link(link) => {
                let terms = &link.terms;
                Order {
                    merchant: merchant.name.clone(),
                    description: terms.details.description.clone(),
                    reference: terms.details.reference.clone(),
                    items: Vec::new(),
                    price: terms.price,
                    tips: terms.tips.clone(),
                    is_held: false,
                    expires_at: link.expires_at(),
                    test_mode: !merchant.mode.is_live(),
                    rails: self.ways.rails.clone(),
                }
            }
        }
    }
}

impl OpenIntent {
    fn order(&self, merchant: &Merchant, rails: Vec<Rail>) -> Order {
        let (terms, sums) = (&self.intent.terms, &self.intent.sums);
        let amount = match self.intent.state.status() {
            Status::Succeeded => sums.captured,
            Status::RequiresPayment
            | Status::Processing
            | Status::RequiresAction
            | Status::RequiresCapture
            | Status::Canceled
            | Status::Expired => terms.amount,
        };
        // Of an order that was charged in part, nobody says which items were.
        let items = if amount == terms.amount {
            terms.line_items.clone()
        } else {
            Vec::new()
        };
        Order {
            merchant: merchant.name.clone(),
            description: terms.details.description.clone(),
            reference: terms.details.reference.clone(),
            items,
            price: Price::Fixed(amount),
            tips: Vec::new(),
            is_held: terms.capture_method == CaptureMethod::Manual,
            expires_at: Some(self.intent.expires_at()),
            test_mode: !merchant.mode.is_live(),
            rails,
        }
    }
}

/// What keeps a link from being paid, if anything does.
fn closed(link: &Link, now: OffsetDateTime) -> Option<PayState> {
    match link.status_at(now) {
        LinkStatus::Active if link.is_full() => Some(PayState::SomebodyPaying),
        LinkStatus::Active => {
            let rests = link.declines.up_until(now).is_some();
            rests.then_some(PayState::TooManyDeclines)
        }
        LinkStatus::Completed => Some(PayState::Used),
        LinkStatus::Expired => Some(PayState::Expired),
        LinkStatus::Inactive => Some(PayState::Inactive),
    }
}
