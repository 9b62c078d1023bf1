//! Errors of page routes, as pages: a payer never meets JSON.

use super::super::{
    Problem,
    request::{RequestId, problem_of, with_headers_of},
};
use super::{answer::html, visit::Visit};
use crate::{
    checkout::{PageFault, fault_page, not_found_page},
    crypto::TokenKey,
};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ALLOW, RETRY_AFTER};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};

/// Around the page routes: makes every error a page.
pub(super) async fn dress(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let (request, answer) = next.call(request).await?.into_parts();
    let answer = match problem_of(&answer) {
        Some(problem) => {
            let (page, status) = (page(&request, &problem), problem.status());
            let told = with_headers_of(&answer, problem.answer(request_id(&request)));
            with_advice_of(&told, html(status, Visit::of(&request).locale, page))
        }
        None => answer.map_into_boxed_body(),
    };
    Ok(ServiceResponse::new(request, answer))
}

fn request_id(request: &HttpRequest) -> String {
    let id = request.extensions().get::<RequestId>().cloned();
    id.map(|RequestId(id)| id).unwrap_or_default()
}

/// The page that says in a payer's words what the problem says in a developer's.
fn page(request: &HttpRequest, problem: &Problem) -> String {
    let Visit { token, locale } = Visit::of(request);
    let fault = match (problem.status(), problem.code()) {
        (404 | 405, _) => return not_found_page(locale).unwrap_or_default(),
        (503, "overloaded") => PageFault::Busy,
        (503, _) => PageFault::Away,
        (400..=499, _) => PageFault::StaleForm,
        _ => PageFault::Broken,
    };
    let way_back = TokenKey::is_well_formed(&token).then_some(token.as_str());
    fault_page(fault, way_back, locale).unwrap_or_default()
}

/// `page` with what `told` advises: when to come back, which methods to use.
fn with_advice_of(told: &HttpResponse, mut page: HttpResponse) -> HttpResponse {
    for name in [RETRY_AFTER, ALLOW] {
        if let Some(value) = told.headers().get(&name) {
            page.headers_mut().insert(name, value.clone());
        }
    }
    page
}
