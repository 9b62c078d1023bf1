//! Errors as callers see them: `application/problem+json` (RFC 9457).

use crate::base::db;
use crate::base::ids::IntentId;
use crate::base::problem::ProblemCode;
use crate::domain::auth::AuthError;
use actix_web::http::{
    StatusCode,
    header::{self, HeaderName},
};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError, body::BoxBody};
use serde::Serialize;
use std::fmt;
use utoipa::ToSchema;

/// What the `type` of a problem begins with.
const TYPES: &str = "https://threadpay.dev/problems/";
/// Seconds after which a caller may try again when the service or its database is busy.
const RETRY_SECONDS: u32 = 1;

/// The members of a problem.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// A link that names the kind of problem: `https://threadpay.dev/problems/<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What was wrong this time, and what to do.
    pub detail: String,
    /// The kind of problem for programs; it never changes its meaning.
    #[schema(value_type = String, example = "invalid_request")]
    pub code: ProblemCode,
    /// The field at fault, as a JSON pointer (RFC 6901) into the body or the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "/amount")]
    pub param: Option<String>,
    /// The state that did not allow the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub current_status: Option<String>,
    /// Why the payment was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub decline_code: Option<String>,
    /// The intent whose payment was declined; it can be paid again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payment_intent: Option<IntentId>,
    /// The id of the request, as in the header `Request-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub request_id: Option<String>,
    /// Seconds after which to try again, for the header `Retry-After`.
    #[serde(skip)]
    retry_after: Option<u32>,
    /// A header that belongs to it.
    #[serde(skip)]
    header: Option<(HeaderName, &'static str)>,
    /// What the log says of it, and the caller does not hear.
    #[serde(skip)]
    cause: Option<String>,
}

/// An error as the caller sees it. Give it back as the error of a handler: the request's id is
/// added on the way out.
#[derive(Clone, Debug)]
pub struct Problem(Box<ProblemBody>);

impl Problem {
    /// A problem of this code. The detail says what was wrong and what to do.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self(Box::new(ProblemBody {
            kind: format!("{TYPES}{code}"),
            title: code.title(),
            status: code.status(),
            detail: detail.into(),
            code,
            param: None,
            current_status: None,
            decline_code: None,
            payment_intent: None,
            request_id: None,
            retry_after: None,
            header: None,
            cause: None,
        }))
    }

    /// Names the field at fault by a JSON pointer such as `/amount`.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.0.param = Some(pointer.into());
        self
    }

    /// Names the state that did not allow the call.
    #[must_use]
    pub fn current_status(mut self, status: impl Into<String>) -> Self {
        self.0.current_status = Some(status.into());
        self
    }

    /// Names the intent whose payment was declined, and why.
    #[must_use]
    pub fn declined(mut self, intent: IntentId, code: impl Into<String>) -> Self {
        self.0.payment_intent = Some(intent);
        self.0.decline_code = Some(code.into());
        self
    }

    /// Asks the caller to come back after so many seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Names the request.
    #[must_use]
    pub fn with_request_id(mut self, id: &str) -> Self {
        self.0.request_id = Some(id.to_owned());
        self
    }

    /// 400: the body is not JSON.
    pub fn invalid_json(detail: impl Into<String>) -> Self {
        Self::new(ProblemCode::InvalidJson, detail)
    }

    /// 415: the body is packed (RFC 9110, 15.5.16).
    pub fn unsupported_encoding() -> Self {
        let detail = "send the body as it is, without Content-Encoding";
        let mut problem = Self::new(ProblemCode::UnsupportedMediaType, detail);
        problem.0.header = Some((header::ACCEPT_ENCODING, "identity"));
        problem
    }

    /// 401: no key, or none that is valid (RFC 6750, 3).
    pub fn unauthorized(detail: impl Into<String>, challenge: &'static str) -> Self {
        let mut problem = Self::new(ProblemCode::Unauthorized, detail);
        problem.0.header = Some((header::WWW_AUTHENTICATE, challenge));
        problem
    }

    /// 403: the key is valid and its role may not do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(ProblemCode::Forbidden, detail)
    }

    /// 404: no such object, or one of another merchant; nobody can tell which.
    pub fn not_found() -> Self {
        Self::new(ProblemCode::NotFound, "there is no object of this id")
    }

    /// 422: a field holds what it must not.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ProblemCode::InvalidRequest, detail).at(pointer)
    }

    /// 429: more requests than the key may make.
    pub fn rate_limited(seconds: u32) -> Self {
        let detail = "this key makes more requests a second than it may: wait and try again";
        Self::new(ProblemCode::RateLimited, detail).retry_after(seconds)
    }

    /// 500: a fault of ours. The cause is logged and not shown.
    pub fn internal(cause: &dyn fmt::Display) -> Self {
        let detail = "something failed on our side: try again with the same Idempotency-Key, and if it stays so, tell us the request_id";
        Self::new(ProblemCode::InternalError, detail).because(cause)
    }

    /// 503: the queues are full, and nothing was done.
    pub fn overloaded() -> Self {
        let detail = "the service is busy and did nothing: try again";
        Self::new(ProblemCode::Overloaded, detail).retry_after(RETRY_SECONDS)
    }

    /// 503: what is asked for takes longer to find than a read may take.
    pub fn too_slow() -> Self {
        let detail = "this takes too long to find and was stopped: narrow it by created_from and created_to, from and to, or another filter";
        Self::new(ProblemCode::Overloaded, detail).retry_after(RETRY_SECONDS)
    }

    /// 503: the database does not answer.
    pub fn unavailable() -> Self {
        let detail = "the database does not answer: try again with the same Idempotency-Key";
        Self::new(ProblemCode::Unavailable, detail).retry_after(RETRY_SECONDS)
    }

    /// The problem behind a bare status, for answers that others than our handlers give.
    pub(super) fn of_status(status: StatusCode) -> Self {
        let code = match status.as_u16() {
            404 => ProblemCode::NoSuchRoute,
            405 => ProblemCode::MethodNotAllowed,
            408 => ProblemCode::RequestTimeout,
            413 => ProblemCode::BodyTooLarge,
            415 => ProblemCode::UnsupportedMediaType,
            501 => ProblemCode::MethodNotImplemented,
            400..=499 => ProblemCode::BadRequest,
            _ => return Self::internal(&format!("an answer with status {status}")),
        };
        let mut problem = Self::new(code, code.example());
        problem.0.status = status.as_u16();
        problem
    }

    pub(super) fn because(mut self, cause: &dyn fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The code, for programs.
    pub fn code(&self) -> ProblemCode {
        self.0.code
    }

    /// The members.
    pub fn body(&self) -> &ProblemBody {
        &self.0
    }

    /// The answer to the request of this id. Its cause goes to the log under the same id.
    pub(super) fn answer(mut self, request_id: String) -> HttpResponse {
        if let Some(cause) = &self.0.cause {
            tracing::error!(
                request_id,
                code = self.code().as_str(),
                cause,
                "request failed"
            );
        }
        self.0.request_id = Some(request_id);
        self.error_response()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut answer = HttpResponseBuilder::new(self.status_code());
        answer.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        if let Some(seconds) = self.0.retry_after {
            answer.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some((name, value)) = &self.0.header {
            answer.insert_header((name.clone(), *value));
        }
        answer.body(serde_json::to_vec(&self.0).unwrap_or_default())
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        Self::from(&error)
    }
}

impl From<&sqlx::Error> for Problem {
    fn from(error: &sqlx::Error) -> Self {
        if db::is_timeout(error) {
            Self::too_slow().because(error)
        } else if db::is_outage(error) {
            Self::unavailable().because(error)
        } else {
            Self::internal(error)
        }
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Refused | AuthError::KeyExpired | AuthError::Expired => Self::unauthorized(
                error.to_string(),
                "Bearer realm=\"threadpay\", error=\"invalid_token\"",
            ),
            AuthError::Sign(error) => Self::internal(&error),
            AuthError::Database(error) => Self::from(&*error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn has_the_members_of_rfc_9457() {
        let problem = Problem::new(ProblemCode::InvalidState, "it was canceled")
            .current_status("canceled")
            .at("/amount");
        assert_eq!(
            serde_json::to_value(problem.body()).unwrap(),
            json!({
                "type": "https://threadpay.dev/problems/invalid_state",
                "title": "Invalid state",
                "status": 409,
                "detail": "it was canceled",
                "code": "invalid_state",
                "param": "/amount",
                "current_status": "canceled",
            })
        );
    }

    #[test]
    fn an_answer_names_its_request_and_when_to_come_back() {
        let answer = Problem::rate_limited(3).answer("req_1".to_owned());
        assert_eq!(answer.status(), 429);
        let header = |name| answer.headers().get(name).unwrap().to_str().unwrap();
        assert_eq!(header(header::CONTENT_TYPE), "application/problem+json");
        assert_eq!(header(header::RETRY_AFTER), "3");
    }
}
