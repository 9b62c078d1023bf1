//! Errors of page routes, as pages: a payer who is a person never meets JSON.

use super::{answer::html, program::is_from_program, visit::Visit};
use crate::http::{
    Problem,
    request::{RequestId, problem_of, with_headers_of},
};
use crate::{
    base::{crypto::TokenKey, problem::ProblemCode},
    views::pages::{PageFault, fault_page, not_found_page},
};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ALLOW, RETRY_AFTER};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};

/// Around the page routes: makes every error a page.
pub(super) async fn error_pages(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let (request, answer) = next.call(request).await?.into_parts();
    let answer = match problem_of(&answer) {
        Some(_) if is_from_program(&request) => answer.map_into_boxed_body(),
        Some(problem) => {
            let (page, status) = (page(&request, &problem), problem.status());
            let problem = with_headers_of(&answer, problem.answer(request_id(&request)));
            with_advice_of(
                &problem,
                html(status, Visit::of(&request).reader.locale, page),
            )
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
    let Visit { token, reader, .. } = Visit::of(request);
    let fault = match (problem.status(), problem.code()) {
        (404 | 405, _) => return not_found_page(&reader).unwrap_or_default(),
        (_, ProblemCode::TooManyDeclines) => PageFault::TooManyDeclines,
        (503, ProblemCode::Overloaded) | (429, _) => PageFault::Busy,
        (503, _) => PageFault::Away,
        (400..=499, _) => PageFault::StaleForm,
        _ => PageFault::Broken,
    };
    let way_back = TokenKey::is_well_formed(&token).then_some(token.as_str());
    fault_page(fault, way_back, &reader).unwrap_or_default()
}

/// `page` with what `problem` advises: when to come back, which methods to use.
fn with_advice_of(problem: &HttpResponse, mut page: HttpResponse) -> HttpResponse {
    for name in [RETRY_AFTER, ALLOW] {
        if let Some(value) = problem.headers().get(&name) {
            page.headers_mut().insert(name, value.clone());
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::{App, middleware::from_fn, test, web};

    /// Asks a page route that fails with `problem`.
    async fn ask(problem: Problem, token: &str) -> (HttpResponse, String) {
        let fail = move || {
            let problem = problem.clone();
            async move { Err::<HttpResponse, Problem>(problem) }
        };
        let pages = web::scope("/p").wrap(from_fn(error_pages));
        let app = App::new().service(pages.route("/{token}", web::get().to(fail)));
        let app = test::init_service(app).await;
        let request = test::TestRequest::get().uri(&format!("/p/{token}"));
        let request = request.insert_header(("accept-language", "de"));
        let (_, answer) = test::call_service(&app, request.to_request())
            .await
            .into_parts();
        let (head, body) = answer.into_parts();
        let bytes = actix_web::body::to_bytes(body).await.unwrap();
        (
            head.map_into_boxed_body(),
            String::from_utf8(bytes.to_vec()).unwrap(),
        )
    }

    const TOKEN: &str = "00abcdefghijklmnopqrstuv";

    #[actix_web::test]
    async fn every_problem_is_a_page() {
        let stale = "Dieses Formular ist nicht mehr gültig";
        for (problem, status, says) in [
            (Problem::not_found(), 404, "Seite nicht gefunden"),
            (Problem::forbidden("stale"), 403, stale),
            (Problem::invalid("/outcome", "send one"), 422, stale),
            (Problem::overloaded(), 503, "ausgelastet"),
            (Problem::unavailable(), 503, "schiefgelaufen"),
            (Problem::internal(&"a cause"), 500, "schiefgelaufen"),
        ] {
            let (head, body) = ask(problem, TOKEN).await;
            assert_eq!(head.status().as_u16(), status);
            assert!(body.contains(says), "{says}: {body}");
            assert!(!body.contains("cause") && body.starts_with("<!doctype html>"));
            let header = |name| head.headers().get(name).map(|v| v.to_str().unwrap());
            assert_eq!(header("content-language"), Some("de"));
            assert_eq!(header("cache-control"), Some("no-store"));
            assert_eq!(header("retry-after"), (status == 503).then_some("1"));
            assert_eq!(body.contains(TOKEN), status != 404, "the way back");
        }
    }

    #[actix_web::test]
    async fn the_way_back_never_leads_to_what_is_no_token() {
        let (_, body) = ask(Problem::forbidden("stale"), "x%22onclick").await;
        assert!(!body.contains("onclick") && !body.contains("href=\"/p/"));
    }
}
