//! What a program is told of a payment.

use super::super::{
    answer,
    subject::{Page, PageSubject},
};
use crate::http::State;
use crate::{
    domain::{
        intents::{Attempt, Intent, Status},
        rails::x402::{PAYMENT_RESPONSE, PaymentResponse, facilitator::Settled},
    },
    views::pages::PayPage,
};
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_TYPE, VARY};
use serde::Serialize;

/// A payment as programs are told of it.
#[derive(Debug, Serialize)]
struct Payment {
    object: &'static str,
    status: &'static str,
    /// How much; null while the payer chooses.
    amount: Option<String>,
    currency: &'static str,
    /// Where its receipt is, once it is paid.
    receipt_url: Option<String>,
}

impl Payment {
    fn of(state: &State, intent: &Intent, status: Status) -> Self {
        let receipt_url = || {
            let token = state.urls.token(&intent.id.to_string());
            format!("{}/r/{token}", state.urls.public_url())
        };
        Self {
            object: "payment",
            status: status.as_str(),
            amount: Some(intent.terms.amount.to_string()),
            currency: intent.terms.amount.currency().code(),
            receipt_url: (status == Status::Succeeded).then(receipt_url),
        }
    }
}

/// How it stands, for who sent no payment.
pub(super) fn standing(state: &State, page: &Page, seen: &PayPage) -> HttpResponse {
    let payment = match &page.subject {
        PageSubject::Intent(open) => {
            Payment::of(state, &open.intent, open.intent.status_at(seen.now))
        }
        PageSubject::Link(link) => Payment {
            object: "payment",
            status: link.status_at(seen.now).as_str(),
            amount: None,
            currency: link.terms.price.currency().code(),
            receipt_url: None,
        },
    };
    told(seen.state.http_status(), &payment, None)
}

/// What came of a payment: it is on the chain, or nobody knows yet.
pub(super) fn sent(state: &State, (intent, attempt): (&Intent, &Attempt)) -> HttpResponse {
    let payment = Payment::of(state, intent, intent.state.status());
    let settled = Settled::of(attempt.reference.as_deref(), attempt.external_id.as_deref());
    match settled {
        Some(settled) => told(200, &payment, Some(&PaymentResponse::settled(&settled))),
        None => told(202, &payment, None),
    }
}

fn told(status: u16, payment: &Payment, response: Option<&PaymentResponse>) -> HttpResponse {
    let mut answer = answer::bare(status);
    if let Some(response) = response {
        answer.insert_header((PAYMENT_RESPONSE, response.header()));
    }
    answer
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((VARY, "accept"))
        .json(payment)
}
