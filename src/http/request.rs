//! What happens to every request: an id, a check of who calls, a line in the log, a count.

use crate::http::extract::Parameters;
use crate::http::server::connection_state::{ConnectionState, Turn};
use crate::http::server::limit::Standing;
use crate::http::{Problem, State, operations};
use crate::{base::ids, domain::auth::Principal};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode, Uri};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use bytes::Bytes;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use uuid::Uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
/// What stands for the route of a path that is none of ours. The path itself may hold anything.
const NO_ROUTE: &str = "none";
/// What stands for a method that HTTP does not know. The method itself may be any word.
const OTHER_METHOD: &str = "other";

/// The id of a request: `req_` and 26 characters. Also an extractor.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

impl RequestId {
    fn new(id: Uuid) -> Self {
        Self(ids::printed("req", id))
    }
}

impl Parameters for RequestId {}

impl FromRequest for RequestId {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.extensions().get::<Self>().cloned();
        ready(id.ok_or_else(|| Problem::internal(&"a request without an id")))
    }
}

/// Around everything: gives the request its id, makes every error a problem, sets the headers that
/// all answers have, writes one line to the log and counts.
pub async fn observe(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let connection = request.conn_data::<Rc<ConnectionState>>().cloned();
    let is_complete = matches!(request.parts_mut().1, Payload::None);
    let turn = connection.clone().map(|c| c.turn(is_complete));
    let Some(state) = request.app_data::<web::Data<State>>().cloned() else {
        return Ok(request.error_response(Problem::internal(&"the server has no state")));
    };
    strip_root(&mut request, &state.urls.root());
    let id = RequestId::new(state.ambient.id());
    request.extensions_mut().insert(id.clone());
    let (request, answer) = match refusal(&request, connection.as_deref()) {
        Some(problem) => request.error_response(problem).into_parts(),
        None => next.call(request).await?.map_into_boxed_body().into_parts(),
    };
    let mut answer = match problem_of(&answer) {
        Some(problem) => with_headers_of(&answer, problem.answer(id.0.clone())),
        None => answer,
    };
    let standing = request.extensions().get::<Standing>().copied();
    write_headers(answer.headers_mut(), &id, standing);
    if connection.is_some_and(|c| c.is_swollen() || c.is_reserved()) {
        answer.head_mut().set_connection_type(ConnectionType::Close);
    }
    record(&state, &request, &answer, (&id, started.elapsed()));
    Ok(ServiceResponse::new(request, streamed(answer, turn)))
}

/// A proxy may pass the path of the public address on or take it away: the routes are found either way.
fn strip_root(request: &mut ServiceRequest, root: &str) {
    let (path, query) = (request.uri().path(), request.uri().query());
    let rest = path.strip_prefix(root).filter(|rest| rest.starts_with('/'));
    let Some(rest) = rest.filter(|_| !root.is_empty()) else {
        return;
    };
    let rest = query.map_or_else(|| rest.to_owned(), |query| format!("{rest}?{query}"));
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = rest.parse().ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
}

/// What is answered before a route is looked for: to methods that HTTP does not know, and, on a
/// place for health checks, to everything else.
fn refusal(request: &ServiceRequest, connection: Option<&ConnectionState>) -> Option<Problem> {
    if known_method(request.method()).is_none() {
        return Some(Problem::of_status(StatusCode::NOT_IMPLEMENTED));
    }
    let is_reserved = connection.is_some_and(ConnectionState::is_reserved);
    let is_check = operations::PATHS.contains(&request.uri().path());
    (is_reserved && !is_check).then(Problem::overloaded)
}

/// An answer that is streamed is worked on until it was taken to its end.
fn streamed(answer: HttpResponse, turn: Option<Turn>) -> HttpResponse {
    match (answer.body().size(), turn) {
        (BodySize::Stream, Some(turn)) => {
            answer.map_body(|_, body| BoxBody::new(StreamedBody { body, _turn: turn }))
        }
        (BodySize::Stream | BodySize::None | BodySize::Sized(_), _) => answer,
    }
}

struct StreamedBody {
    body: BoxBody,
    _turn: Turn,
}

impl MessageBody for StreamedBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

/// The methods of HTTP (RFC 9110, 9; RFC 5789), by a word that is always the same one.
fn known_method(method: &Method) -> Option<&'static str> {
    let words = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY",
    ];
    words.into_iter().find(|word| *word == method.as_str())
}

/// The problem that an answer should be: that of our own error, or one that stands for the plain
/// text or the empty body of somebody else's.
pub(super) fn problem_of<B: MessageBody>(answer: &HttpResponse<B>) -> Option<Problem> {
    let status = answer.status();
    if let Some(error) = answer.error() {
        let ours = error.as_error::<Problem>().cloned();
        return Some(ours.unwrap_or_else(|| Problem::of_status(status)));
    }
    let failed = status.is_client_error() || status.is_server_error();
    let empty = matches!(answer.body().size(), BodySize::None | BodySize::Sized(0));
    let bare = empty && !answer.headers().contains_key(header::CONTENT_TYPE);
    (failed && bare).then(|| Problem::of_status(status))
}

/// `problem` with what `answer` says of the allowed methods.
pub(super) fn with_headers_of<B>(
    answer: &HttpResponse<B>,
    mut problem: HttpResponse,
) -> HttpResponse {
    if let Some(allowed) = answer.headers().get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allowed.clone());
    }
    problem
}

fn write_headers(headers: &mut HeaderMap, id: &RequestId, standing: Option<Standing>) {
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        headers.insert(REQUEST_ID, value);
    }
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    if !headers.contains_key(header::CACHE_CONTROL) {
        let no_store = HeaderValue::from_static("no-store");
        headers.insert(header::CACHE_CONTROL, no_store);
    }
    if let Some(standing) = standing {
        standing.write(headers);
    }
}

/// The log and the metrics name the pattern of the route, since a path may hold a link token.
fn record(
    state: &State,
    request: &HttpRequest,
    answer: &HttpResponse,
    (id, took): (&RequestId, Duration),
) {
    let pattern = request.match_pattern();
    let route = pattern.as_deref().unwrap_or(NO_ROUTE);
    let method = known_method(request.method()).unwrap_or(OTHER_METHOD);
    let status = answer.status();
    state.metrics.request(method, route, status.as_str(), took);
    let merchant = request.extensions().get::<Principal>().map(|p| p.merchant);
    tracing::info!(
        target: "threadpay::access",
        method,
        route,
        status = status.as_u16(),
        duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        request_id = id.0,
        merchant = merchant.map(tracing::field::display),
        "request"
    );
}

/// Around every route that needs a key: finds out who calls and counts the request. It comes before
/// anything else of the request is looked at, so a stranger learns nothing but that.
pub async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = request.app_data::<web::Data<State>>().cloned() else {
        return Ok(request.error_response(Problem::internal(&"the server has no state")));
    };
    match admit(&state, &request).await {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(problem) => Ok(request.error_response(problem)),
    }
}

async fn admit(state: &State, request: &ServiceRequest) -> Result<(), Problem> {
    let token = bearer(request.headers())?;
    let principal = state
        .authenticator
        .authenticate(token, state.ambient.now())
        .await?;
    let standing = state.limits.as_ref().map(|l| l.key(principal.key));
    if let Some(connection) = request.conn_data::<Rc<ConnectionState>>() {
        connection.recognize();
    }
    let mut extensions = request.extensions_mut();
    extensions.insert(principal);
    let Some(standing) = standing else {
        return Ok(());
    };
    extensions.insert(standing);
    standing
        .refused()
        .map_or(Ok(()), |seconds| Err(Problem::rate_limited(seconds)))
}

/// Whether who asked at first may ask still: a key may have been revoked while its request waited.
pub async fn authenticate_anew(state: &State, request: &HttpRequest) -> Result<(), Problem> {
    let token = bearer(request.headers())?;
    let now = state.ambient.now();
    state.authenticator.authenticate_anew(token, now).await?;
    Ok(())
}

/// The key or token in `Authorization: Bearer …` (RFC 6750, 2.1).
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let value = headers.get(header::AUTHORIZATION);
    let text = value.and_then(|value| value.to_str().ok());
    let token = text.and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    token.ok_or_else(|| {
        let detail = "send your API key or access token as `Authorization: Bearer …`";
        Problem::unauthorized(detail, "Bearer realm=\"threadpay\"")
    })
}
