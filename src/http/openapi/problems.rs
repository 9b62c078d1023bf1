//! Problems in the document: what is said of their codes, and an example of each.

use crate::base::problem::ProblemCode;
use crate::http::Problem;
use serde_json::{Value, json};

/// Describes an answer that has one of these codes.
pub(in crate::http) fn refused(codes: &[ProblemCode]) -> String {
    let sentences = codes.iter().map(|code| {
        let about = code.about().trim();
        format!("`{code}`: {about}")
    });
    sentences.collect::<Vec<_>>().join(" ")
}

/// The codes that a description names in backquotes.
pub(super) fn named(description: &str) -> Vec<ProblemCode> {
    let words = description.split('`').skip(1).step_by(2);
    words.filter_map(|word| word.parse().ok()).collect()
}

/// A problem of this code.
pub(super) fn example(code: ProblemCode) -> Value {
    let problem =
        Problem::new(code, code.example()).with_request_id("req_01m81104xvekcvs2pgrv634hr9");
    let mut value = json!(problem.body());
    if let (Some((name, text)), Some(members)) = (member(code), value.as_object_mut()) {
        members.insert(name.to_owned(), text.into());
    }
    value
}

/// One more member of a problem of this code: its name and value.
fn member(code: ProblemCode) -> Option<(&'static str, &'static str)> {
    let at = |pointer| Some(("param", pointer));
    match code {
        ProblemCode::PaymentDeclined => Some(("decline_code", "insufficient_funds")),
        ProblemCode::InvalidState => Some(("current_status", "canceled")),
        ProblemCode::AmountTooLarge | ProblemCode::InvalidAmount => at("/amount"),
        ProblemCode::CardNumberNotAllowed | ProblemCode::InvalidRequest => at("/description"),
        ProblemCode::EndpointNotAllowed | ProblemCode::DuplicateEndpoint => at("/url"),
        ProblemCode::DuplicateRailAccount => at("/settings"),
        ProblemCode::CredentialsRefused => at("/credentials"),
        ProblemCode::InvalidCurrency => at("/currency"),
        ProblemCode::InvalidPaymentMethod => at("/payment_method"),
        ProblemCode::UnbalancedEntry => at("/postings"),
        ProblemCode::UnknownField => at("/tax"),
        ProblemCode::UnknownParameter => at("/starting_after"),
        ProblemCode::BadRequest
        | ProblemCode::InvalidJson
        | ProblemCode::IdempotencyKeyRequired
        | ProblemCode::IdempotencyKeyInvalid
        | ProblemCode::Unauthorized
        | ProblemCode::Forbidden
        | ProblemCode::NotFound
        | ProblemCode::NoSuchRoute
        | ProblemCode::MethodNotAllowed
        | ProblemCode::MethodNotImplemented
        | ProblemCode::ExportRunning
        | ProblemCode::RequestTimeout
        | ProblemCode::RailNotAvailable
        | ProblemCode::InvalidStatement
        | ProblemCode::TransferNotPossible
        | ProblemCode::RefundNotPossible
        | ProblemCode::IdempotencyKeyInUse
        | ProblemCode::TooManyEndpoints
        | ProblemCode::TooManyRailAccounts
        | ProblemCode::TooManySecrets
        | ProblemCode::PaymentLinkTaken
        | ProblemCode::BodyTooLarge
        | ProblemCode::UnsupportedMediaType
        | ProblemCode::IdempotencyKeyReused
        | ProblemCode::RateLimited
        | ProblemCode::ReplayRunning
        | ProblemCode::TooManyDeclines
        | ProblemCode::TooManyPings
        | ProblemCode::InternalError
        | ProblemCode::Overloaded
        | ProblemCode::ProviderUnavailable
        | ProblemCode::Unavailable
        | ProblemCode::SchemaOutdated
        | ProblemCode::NotWorking
        | ProblemCode::ClockOff => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes of answers that belong to no operation of the document.
    const OUTSIDE: [ProblemCode; 5] = [
        ProblemCode::BadRequest,
        ProblemCode::NoSuchRoute,
        ProblemCode::MethodNotAllowed,
        ProblemCode::MethodNotImplemented,
        // Only pages pay by a link, and they say it in words.
        ProblemCode::PaymentLinkTaken,
    ];

    #[test]
    fn every_code_is_named_by_some_operation() {
        let document = super::super::document();
        for code in ProblemCode::ALL {
            let is_named = document.contains(&format!("`{code}`"));
            assert_eq!(is_named, !OUTSIDE.contains(code), "{code}");
        }
    }

    #[test]
    fn an_answer_names_codes_of_its_own_status_only() {
        let document: Value = serde_json::from_str(&super::super::document()).unwrap();
        let paths = document["paths"].as_object().unwrap().values();
        let operations = paths.flat_map(|item| item.as_object().unwrap().values());
        let answers = operations.flat_map(|one| one["responses"].as_object().unwrap());
        for (status, answer) in answers.filter(|(status, _)| status.starts_with(['4', '5'])) {
            // OAuth has codes of its own.
            if answer["content"]["application/json"].is_object() {
                continue;
            }
            let codes = named(answer["description"].as_str().unwrap_or_default());
            for code in codes {
                assert_eq!(code.status().to_string(), *status, "{code}");
            }
        }
    }

    #[test]
    fn an_example_has_the_members_of_its_code() {
        let value = example(ProblemCode::PaymentDeclined);
        assert_eq!(value["status"], 402);
        assert_eq!(value["decline_code"], "insufficient_funds");
    }
}
