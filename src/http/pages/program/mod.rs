//! The pay page for programs: what people read as a page is asked of them by status 402, as x402
//! version 2 does, and paid by a header.
//!
//! A program is who does not ask for HTML, where the merchant has an account of the rail, and whoever
//! sends a payment. Reading changes nothing here either: only a request with a payment does.

mod asked;
mod paying;
mod told;

use self::{asked::Asked, paying::Paying};
use super::{subject::Page, visit::Visit};
use crate::domain::rails::x402::PAYMENT_SIGNATURE;
use crate::http::{Problem, State, request::RequestId};
use actix_web::http::{Method, header::ACCEPT};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};

/// What a program is answered; none if the request is a person's, or there is nothing that programs
/// could do here.
pub(super) async fn answer(
    state: &State,
    (visit, request): (&Visit, &HttpRequest),
    page: &Page,
) -> Result<Option<HttpResponse>, Problem> {
    let signature = signature(request);
    if signature.is_none() && accepts(request, "text/html") {
        return Ok(None);
    }
    let seen = page.page(state, visit, None);
    let asked = Asked::of(state, (page, &seen), request.query_string())?;
    if let Some(signature) = signature {
        let id = request.extensions().get::<RequestId>().cloned();
        let paying = Paying {
            state,
            page,
            token: &visit.token,
            request_id: id.map(|RequestId(id)| id).unwrap_or_default(),
        };
        return paying.pay(asked, signature).await.map(Some);
    }
    if let Some(asked) = asked {
        return Ok(Some(asked.answer(None)));
    }
    let wants_json = accepts(request, "json");
    Ok(wants_json.then(|| told::standing(state, page, &seen)))
}

/// `POST /p/{token}`: for programs alone.
pub(super) async fn post(
    state: web::Data<State>,
    visit: Visit,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let page = Page::find(&state, &visit).await?;
    let answered = answer(&state, (&visit, &request), &page).await?;
    answered.ok_or_else(Problem::not_found)
}

/// Whether the request is a program's by its form: errors are JSON then.
pub(super) fn is_from_program(request: &HttpRequest) -> bool {
    pays(request) || (accepts(request, "json") && !accepts(request, "text/html"))
}

/// Whether the request pays, and so is counted as a post is.
pub(in crate::http) fn pays(request: &HttpRequest) -> bool {
    signature(request).is_some()
}

/// The payment that comes with a request. Asking for the head of an answer pays nothing.
fn signature(request: &HttpRequest) -> Option<&str> {
    let sent = request.headers().get(PAYMENT_SIGNATURE);
    let sent = sent.filter(|_| request.method() != Method::HEAD)?;
    // What is no text is no payment, and is refused as one.
    Some(sent.to_str().unwrap_or_default())
}

fn accepts(request: &HttpRequest, kind: &str) -> bool {
    let mut wanted = request.headers().get_all(ACCEPT);
    wanted.any(|value| {
        let value = value.to_str().unwrap_or_default();
        value.to_ascii_lowercase().contains(kind)
    })
}
