//! The receipt, as a page and as a document that anyone can check.

use super::answer;
use super::subject::{Page, PageSubject};
use super::visit::Visit;
use crate::http::{Problem, State};
use crate::{
    base::{ids::CELL, timestamp},
    domain::{
        auth::Merchant,
        intents::{Intent, LineItem, Status},
        ledger,
    },
    views::pages::{Receipt, receipt_page},
};
use actix_web::{HttpResponse, http::header, web};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// `GET /r/{token}`
pub(super) async fn show(state: web::Data<State>, visit: Visit) -> Result<HttpResponse, Problem> {
    let Some((_, receipt)) = find(&state, &visit).await? else {
        return Ok(not_yet(&visit));
    };
    let body = receipt_page(&receipt)?;
    Ok(answer::html(200, visit.reader.locale, body))
}

/// `GET /r/{token}/receipt.jws`: the receipt as a compact JWS, to check with the JWK set.
pub(super) async fn signed(state: web::Data<State>, visit: Visit) -> Result<HttpResponse, Problem> {
    let Some((page, receipt)) = find(&state, &visit).await? else {
        return Ok(not_yet(&visit));
    };
    let document = document(&state, &page, &receipt);
    let signed = state.keyring.signing.sign_document(&document);
    let signed = signed.map_err(|error| Problem::internal(&error))?;
    let name = format!("attachment; filename=\"receipt-{}.jws\"", receipt.intent);
    Ok(answer::bare(200)
        .insert_header((header::CONTENT_TYPE, "application/jose"))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .body(signed))
}

/// There is no receipt before there is a payment: the pay page says how it stands.
fn not_yet(visit: &Visit) -> HttpResponse {
    answer::see_other(&visit.page_path())
}

async fn find(state: &State, visit: &Visit) -> Result<Option<(Page, Receipt)>, Problem> {
    let opened = Page::find(state, visit).await?;
    let PageSubject::Intent(open) = &opened.subject else {
        return Ok(None);
    };
    let intent = &open.intent;
    let paid_at = match intent.state.status() {
        Status::Succeeded => {
            ledger::store::captured_at(&state.pool, intent.merchant, intent.id).await?
        }
        // The authorization is the last thing that happened to it, unless a capture failed since.
        Status::RequiresCapture => Some(intent.updated_at),
        Status::RequiresPayment
        | Status::Processing
        | Status::RequiresAction
        | Status::Canceled
        | Status::Expired => None,
    };
    let receipt = paid_at.map(|at| receipt(intent, &opened.merchant, at, visit));
    Ok(receipt.map(|receipt| (opened, receipt)))
}

fn receipt(
    intent: &Intent,
    merchant: &Merchant,
    paid_at: OffsetDateTime,
    visit: &Visit,
) -> Receipt {
    let terms = &intent.terms;
    let authorized_only = intent.state.status() == Status::RequiresCapture;
    let amount = if authorized_only {
        intent.sums.authorized
    } else {
        intent.sums.captured
    };
    // Of an order that was charged in part, nobody says which items were.
    let items = if amount == terms.amount {
        terms.line_items.clone()
    } else {
        Vec::new()
    };
    Receipt {
        reader: visit.reader.clone(),
        token: visit.token.clone(),
        intent: intent.id,
        merchant: merchant.name.clone(),
        description: terms.details.description.clone(),
        reference: terms.details.reference.clone(),
        items,
        amount,
        tip: terms.tip.filter(|tip| tip.minor() > 0),
        refunded: intent.sums.refunded,
        authorized_only,
        paid_at,
        test_mode: !merchant.mode.is_live(),
    }
}

/// What is signed. The issuer is the address below which the JWK set is found.
fn document(state: &State, page: &Page, receipt: &Receipt) -> Value {
    let line = |item: &LineItem| {
        json!({
            "label": item.label,
            "quantity": item.quantity,
            "unit_amount": item.effect().to_string(),
        })
    };
    json!({
        "iss": state.urls.public_url(),
        "issued_at": timestamp::format(page.now(state)),
        "object": "receipt",
        "cell": CELL,
        "livemode": !receipt.test_mode,
        "payment_intent": receipt.intent,
        "status": if receipt.authorized_only { Status::RequiresCapture } else { Status::Succeeded },
        "merchant": {"id": page.merchant.id, "name": receipt.merchant},
        "amount": receipt.amount.to_string(),
        "currency": receipt.amount.currency().code(),
        "tip": receipt.tip.map(|tip| tip.to_string()),
        "refunded": receipt.refunded.to_string(),
        "paid_at": timestamp::format(receipt.paid_at),
        "description": receipt.description,
        "reference": receipt.reference,
        "line_items": receipt.items.iter().map(line).collect::<Vec<_>>(),
    })
}
