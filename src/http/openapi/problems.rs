//! The codes of problems, with an example of each.

use crate::http::Problem;
use serde_json::{Value, json};

/// A kind of problem and what one may look like.
struct Kind {
    status: u16,
    code: &'static str,
    detail: &'static str,
    /// One more member: its name and value.
    more: Option<(&'static str, &'static str)>,
}

const fn kind(status: u16, code: &'static str, detail: &'static str) -> Kind {
    Kind {
        status,
        code,
        detail,
        more: None,
    }
}

impl Kind {
    const fn with(self, name: &'static str, value: &'static str) -> Self {
        Self {
            more: Some((name, value)),
            ..self
        }
    }
}

const KINDS: [Kind; 31] = [
    kind(
        400,
        "invalid_json",
        "the body is not JSON: expected value at line 1 column 1",
    ),
    kind(
        400,
        "idempotency_key_required",
        "send the header Idempotency-Key, and the same one when you try again",
    ),
    kind(
        400,
        "idempotency_key_invalid",
        "an Idempotency-Key has 1 to 255 visible ASCII characters, such as a UUID",
    ),
    kind(
        401,
        "unauthorized",
        "send your API key or access token as `Authorization: Bearer …`",
    ),
    kind(
        402,
        "payment_declined",
        "the payment was declined: the account does not hold enough",
    )
    .with("decline_code", "insufficient_funds"),
    kind(
        403,
        "forbidden",
        "a key of role finance may not do this: use a key of another role",
    ),
    kind(404, "not_found", "there is no object of this id"),
    kind(
        409,
        "invalid_state",
        "a payment intent that is canceled cannot be confirmed",
    )
    .with("current_status", "canceled"),
    kind(
        409,
        "idempotency_key_in_use",
        "the first request with this Idempotency-Key is still running; try again shortly",
    ),
    kind(408, "request_timeout", "the request did not arrive in time"),
    kind(413, "body_too_large", "a body has at most 64 KiB"),
    kind(415, "unsupported_media_type", "send application/json"),
    kind(422, "amount_out_of_range", "the sum is out of range"),
    kind(422, "amount_too_large", "at most 12.50 EUR can be refunded").with("param", "/amount"),
    kind(
        422,
        "card_number_not_allowed",
        "holds what looks like a card number, which must never be sent here; if it is an id of yours, put a letter right before it",
    )
    .with("param", "/description"),
    kind(
        422,
        "endpoint_not_allowed",
        "the URL's host is not a public address",
    )
    .with("param", "/url"),
    kind(
        422,
        "idempotency_key_reused",
        "this Idempotency-Key was used for another request; use a new key",
    ),
    kind(
        422,
        "invalid_amount",
        "EUR has 2 decimal places, the amount has 3",
    )
    .with("param", "/amount"),
    kind(
        422,
        "invalid_currency",
        "\"XXQ\" is not an ISO 4217 currency code with a minor unit, such as \"EUR\"",
    )
    .with("param", "/currency"),
    kind(
        422,
        "invalid_payment_method",
        "is not a payment method of the sandbox rail",
    )
    .with("param", "/payment_method"),
    kind(422, "invalid_request", "missing field `url`").with("param", "/url"),
    kind(
        409,
        "duplicate_endpoint",
        "ep_01m810zz1qf30stf80swm6wd6q has this URL already; change that endpoint instead",
    )
    .with("param", "/url"),
    kind(
        409,
        "too_many_endpoints",
        "a merchant has at most 16 callback endpoints; delete one first",
    ),
    kind(
        409,
        "too_many_secrets",
        "5 secrets sign already; wait until one of them expires",
    ),
    kind(
        422,
        "unbalanced_entry",
        "the debits and credits of a journal entry must be equal in each currency and above zero",
    )
    .with("param", "/postings"),
    kind(422, "unknown_field", "unknown field `tax`").with("param", "/tax"),
    kind(
        429,
        "rate_limited",
        "this key makes more requests a second than it may: wait and try again",
    ),
    kind(
        500,
        "internal_error",
        "something failed on our side: try again with the same Idempotency-Key",
    ),
    kind(
        503,
        "overloaded",
        "the service is busy and did nothing: try again",
    ),
    kind(
        503,
        "unavailable",
        "the database does not answer: try again with the same Idempotency-Key",
    ),
    kind(
        503,
        "schema_outdated",
        "the schema is not that of this version: run `threadpay migrate`",
    ),
];

/// The codes that a description names in backquotes, each with an example.
pub(super) fn examples(description: &str) -> Vec<(&'static str, Value)> {
    let words = description.split('`').skip(1).step_by(2);
    let kinds = words.filter_map(|word| KINDS.iter().find(|kind| kind.code == word));
    kinds.map(|kind| (kind.code, example(kind))).collect()
}

fn example(kind: &Kind) -> Value {
    let problem = Problem::new(kind.status, kind.code, kind.detail)
        .with_request_id("req_01m81104xvekcvs2pgrv634hr9");
    let mut value = json!(problem.body());
    if let (Some((name, text)), Some(members)) = (kind.more, value.as_object_mut()) {
        members.insert(name.to_owned(), text.into());
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_is_told_once_and_some_call_names_it() {
        let document = super::super::document();
        let told: BTreeSet<_> = KINDS.iter().map(|kind| kind.code).collect();
        assert_eq!(told.len(), KINDS.len());
        for code in told {
            assert!(document.contains(&format!("`{code}`")), "{code}");
        }
    }

    #[test]
    fn an_example_has_the_members_of_its_kind() {
        let [(code, value)] = &examples("`payment_declined`, with `decline_code`.")[..] else {
            panic!("one code is named");
        };
        assert_eq!((*code, &value["status"]), ("payment_declined", &json!(402)));
        assert_eq!(value["decline_code"], "insufficient_funds");
    }
}
