//! How often somebody without a key may ask: payers and strangers at pages, clients that want an
//! access token. They are counted before anything is looked up, by where they come from and by what
//! they ask about. Behind a proxy all come from the proxy's address: it should have a limit of its own.

use crate::base::problem::ProblemCode;
use crate::http::pages::pays;
use crate::http::server::limit::Standing;
use crate::http::{Problem, State};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};

/// Around the page routes: counts the request.
pub async fn limit(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let state = request.app_data::<web::Data<State>>().cloned();
    match state.map_or(Ok(()), |state| admit_payer(&state, request.request())) {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(problem) => Ok(request.error_response(problem)),
    }
}

/// A page is read by many at once, but by nobody a hundred times a second. A post is work: it is
/// counted by its sender, whatever it is about, and by its page, no matter who sends it.
fn admit_payer(state: &State, request: &HttpRequest) -> Result<(), Problem> {
    let path = request.path();
    // We spell no address like that: all other spellings of all tokens count as one.
    let token = path.split('/').nth(2).filter(|_| !path.contains('%'));
    let token = token.unwrap_or_default();
    if request.method() == Method::POST || pays(request) {
        admit_address(state, request)?;
        admit_subject(state, request, token)
    } else {
        let address = request.peer_addr().map(|peer| peer.ip());
        admit_subject(state, request, (address, token))
    }
}

/// Counts a post by where it comes from.
pub fn admit_address(state: &State, request: &HttpRequest) -> Result<(), Problem> {
    let address = request.peer_addr().map(|peer| peer.ip());
    let counted = state.limits.as_ref().zip(address);
    let standing = counted.map(|(limits, address)| limits.address(address));
    admit(request, standing)
}

/// Counts a request by what it is about.
pub fn admit_subject(
    state: &State,
    request: &HttpRequest,
    subject: impl std::hash::Hash,
) -> Result<(), Problem> {
    let standing = state.limits.as_ref().map(|limits| limits.subject(subject));
    admit(request, standing)
}

fn admit(request: &HttpRequest, standing: Option<Standing>) -> Result<(), Problem> {
    let refused = standing.and_then(|standing| standing.refused().map(|wait| (standing, wait)));
    refused.map_or(Ok(()), |(standing, wait)| {
        request.extensions_mut().insert(standing);
        let detail = "there were too many requests of this kind in a second: wait and try again";
        Err(Problem::new(ProblemCode::RateLimited, detail).retry_after(wait))
    })
}
