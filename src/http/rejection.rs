//! The one map from what the writer refuses to the problem that the caller gets.

use crate::http::Problem;
use crate::{
    app::CheckError,
    base::{invalid::Invalid, problem::ProblemCode},
    domain::{
        callbacks::EndpointError, idempotency::Answer, intents::IntentError, links::LinkError,
        movements::MovementError, rail_accounts::RailAccountError, reconciliation::LineError,
    },
    writer::{Rejection, WriteError},
};

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        Self::new(invalid.code, invalid.detail).at(invalid.param)
    }
}

impl From<CheckError> for Problem {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Refused(said) => {
                Self::new(ProblemCode::CredentialsRefused, said).at("/credentials")
            }
            CheckError::Unreachable(_) => {
                let said = error.to_string();
                Self::new(ProblemCode::ProviderUnavailable, said).retry_after(5)
            }
        }
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
            Rejection::Movement(error) => movement(*error, said),
            Rejection::Line(error) => line(*error, said),
            Rejection::Endpoint(error) => endpoint(*error, said),
            Rejection::RailAccount(error) => rail_account(error, said),
            Rejection::Internal(_) => Self::internal(rejection),
            Rejection::KeyReused => Self::new(ProblemCode::IdempotencyKeyReused, said),
            Rejection::KeyInUse => Self::new(ProblemCode::IdempotencyKeyInUse, said).retry_after(1),
        }
    }
}

fn intent(error: &IntentError, said: String) -> Problem {
    match error {
        IntentError::InvalidState { status, .. } => {
            Problem::new(ProblemCode::InvalidState, said).current_status(status.as_str())
        }
        IntentError::AmountTooLarge { .. } => {
            Problem::new(ProblemCode::AmountTooLarge, said).at("/amount")
        }
        IntentError::Declined { intent, code } => {
            Problem::new(ProblemCode::PaymentDeclined, said).declined(*intent, code.as_str())
        }
        IntentError::TooManyDeclines(many) => {
            Problem::new(ProblemCode::TooManyDeclines, said).retry_after(many.wait)
        }
        IntentError::RailNotAvailable(_) | IntentError::RailFailing(_) => {
            Problem::new(ProblemCode::RailNotAvailable, said)
        }
        IntentError::NotRefundable(_) => Problem::new(ProblemCode::RefundNotPossible, said),
        IntentError::Broken(_) => Problem::internal(error),
    }
}

fn link(error: LinkError, said: String) -> Problem {
    match error {
        LinkError::Closed(status) | LinkError::NotActive(status) => {
            Problem::new(ProblemCode::InvalidState, said).current_status(status.as_str())
        }
        LinkError::TooManyDeclines(many) => {
            Problem::new(ProblemCode::TooManyDeclines, said).retry_after(many.wait)
        }
        LinkError::Taken => Problem::new(ProblemCode::PaymentLinkTaken, said).retry_after(1),
    }
}

fn movement(error: MovementError, said: String) -> Problem {
    let status = match error {
        MovementError::Resolved | MovementError::NotUndone(_) => "resolved",
        MovementError::Refunding | MovementError::NotPossible { .. } => "unmatched",
    };
    Problem::new(ProblemCode::InvalidState, said).current_status(status)
}

fn line(error: LineError, said: String) -> Problem {
    Problem::new(ProblemCode::InvalidState, said).current_status(error.status().as_str())
}

fn endpoint(error: EndpointError, said: String) -> Problem {
    match error {
        EndpointError::TooMany => Problem::new(ProblemCode::TooManyEndpoints, said),
        EndpointError::Duplicate(_) => {
            Problem::new(ProblemCode::DuplicateEndpoint, said).at("/url")
        }
        EndpointError::TooManySecrets => Problem::new(ProblemCode::TooManySecrets, said),
        EndpointError::ReplayRunning(_) => Problem::new(ProblemCode::ReplayRunning, said),
        EndpointError::TooManyPings(many) => {
            Problem::new(ProblemCode::TooManyPings, said).retry_after(many.wait)
        }
        EndpointError::Disabled => {
            Problem::new(ProblemCode::InvalidState, said).current_status("disabled")
        }
    }
}

fn rail_account(error: &RailAccountError, said: String) -> Problem {
    match error {
        RailAccountError::TooMany => Problem::new(ProblemCode::TooManyRailAccounts, said),
        RailAccountError::Duplicate(_) => {
            Problem::new(ProblemCode::DuplicateRailAccount, said).at("/settings")
        }
        RailAccountError::Invalid(invalid) => Problem::from(invalid.clone()),
    }
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Overloaded | WriteError::Blocked => Self::overloaded(),
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
