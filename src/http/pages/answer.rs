//! Answers that are pages, or lead to one.

use crate::base::language::Locale;
use crate::http::Problem;
use crate::views::pages::{PAGE_HEADERS, POLICY_WITH_SCRIPT, PayPage, PayState, QrError, pay_page};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};

/// An answer with the headers of a page, its language aside.
pub(super) fn bare(status: u16) -> HttpResponseBuilder {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = HttpResponseBuilder::new(status);
    for header in PAGE_HEADERS {
        answer.insert_header(header);
    }
    answer
}

/// A page in the reader's language.
pub(super) fn html(status: u16, locale: Locale, body: String) -> HttpResponse {
    bare(status)
        .insert_header((header::CONTENT_LANGUAGE, locale.tag()))
        .insert_header((header::VARY, "accept-language"))
        .body(body)
}

/// The pay page as it stands.
pub(super) fn pay(page: &PayPage) -> Result<HttpResponse, Problem> {
    pay_with_status(page, page.state.http_status())
}

/// The pay page under another status than its own.
pub(super) fn pay_with_status(page: &PayPage, status: u16) -> Result<HttpResponse, Problem> {
    let mut answer = html(status, page.reader.locale, pay_page(page)?);
    if let PayState::Transfer(_) = page.state {
        let (name, policy) = POLICY_WITH_SCRIPT;
        let (name, policy) = (
            HeaderName::from_static(name),
            HeaderValue::from_static(policy),
        );
        answer.headers_mut().insert(name, policy);
    }
    Ok(answer)
}

/// Sends the browser on to read another page.
pub(super) fn see_other(path: &str) -> HttpResponse {
    let mut answer = bare(303);
    answer.insert_header((header::LOCATION, path)).finish()
}

impl From<askama::Error> for Problem {
    fn from(error: askama::Error) -> Self {
        Self::internal(&error)
    }
}

impl From<QrError> for Problem {
    fn from(error: QrError) -> Self {
        Self::internal(&error)
    }
}
