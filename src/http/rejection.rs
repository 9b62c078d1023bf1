//! The one map from what the writer refuses to the problem that the caller gets.

use crate::http::Problem;
use crate::{
    base::invalid::Invalid,
    domain::{
        callbacks::EndpointError, idempotency::Answer, intents::IntentError, links::LinkError,
    },
    writer::{Rejection, WriteError},
};

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        Self::new(422, invalid.code, invalid.detail).at(invalid.param)
    }
}

impl From<&Rejection> for Problem {
    fn from(rejection: &Rejection) -> Self {
        let said = rejection.to_string();
        match rejection {
            Rejection::Invalid(invalid) => Self::from(invalid.clone()),
            Rejection::NotFound(_) => Self::not_found(),
            Rejection::Intent(error) => intent(error, said),
            Rejection::Link(error) => link(*error, said),
            Rejection::Endpoint(error) => endpoint(*error, said),
            Rejection::Ledger(_) => Self::new(422, "amount_out_of_range", said),
            Rejection::Internal(_) => Self::internal(rejection),
            Rejection::KeyReused => Self::new(422, "idempotency_key_reused", said),
            Rejection::KeyInUse => Self::new(409, "idempotency_key_in_use", said).retry_after(1),
        }
    }
}

fn intent(error: &IntentError, said: String) -> Problem {
    match error {
        IntentError::InvalidState { status, .. } => {
            Problem::new(409, "invalid_state", said).current_status(status.as_str())
        }
        IntentError::AmountTooLarge { .. } => {
            Problem::new(422, "amount_too_large", said).at("/amount")
        }
        IntentError::Declined { intent, code } => {
            Problem::new(402, "payment_declined", said).declined(*intent, code.as_str())
        }
        IntentError::Sum(_) => Problem::new(422, "amount_out_of_range", said),
    }
}

fn link(error: LinkError, said: String) -> Problem {
    match error {
        LinkError::Closed(status) | LinkError::NotActive(status) => {
            Problem::new(409, "invalid_state", said).current_status(status.as_str())
        }
        LinkError::Taken => Problem::new(409, "payment_link_taken", said).retry_after(1),
    }
}

fn endpoint(error: EndpointError, said: String) -> Problem {
    match error {
        EndpointError::TooMany => Problem::new(409, "too_many_endpoints", said),
        EndpointError::Duplicate(_) => Problem::new(409, "duplicate_endpoint", said).at("/url"),
        EndpointError::TooManySecrets => Problem::new(409, "too_many_secrets", said),
        EndpointError::Disabled => {
            Problem::new(409, "invalid_state", said).current_status("disabled")
        }
    }
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Overloaded => Self::overloaded(),
            WriteError::Unavailable => Self::unavailable(),
            WriteError::Broken => Self::internal(&error),
            WriteError::Rejected(rejection) => Self::from(&rejection),
        }
    }
}

/// Prints a rejection for the writer, which keeps it as the answer of a request.
pub fn render(rejection: &Rejection, request_id: &str) -> Answer {
    let problem = Problem::from(rejection).with_request_id(request_id);
    Answer {
        status: problem.status(),
        body: serde_json::to_vec(problem.body()).unwrap_or_default(),
    }
}
