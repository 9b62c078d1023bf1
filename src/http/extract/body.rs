//! The JSON body of a request.

use super::{json, strict::Strict};
use crate::http::Problem;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The JSON body of a request, read as a `T`. Unknown fields are refused where `T` says
/// `#[serde(deny_unknown_fields)]`. No body at all counts as `{}`.
#[derive(Clone, Debug)]
pub struct Body<T> {
    /// What was read.
    pub value: T,
    /// The same as plain JSON, for the fingerprint of the request.
    pub json: Value,
}

impl<T: DeserializeOwned> Body<T> {
    /// Reads the bytes of a body that came with these headers.
    pub fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Self, Problem> {
        let content_type = headers.get(header::CONTENT_TYPE);
        let is_json = content_type.is_some_and(|value| value.to_str().is_ok_and(is_json));
        if bytes.is_empty() || is_json {
            read(bytes)
        } else {
            Err(Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE))
        }
    }
}

fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<Body<T>, Problem> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    let json = json::read(bytes)
        .map_err(|error| Problem::invalid_json(format!("the body is not JSON: {error}")))?;
    let value = serde_path_to_error::deserialize(Strict(&json))
        .map_err(|error| error.inner().at(error.path()))?;
    Ok(Body { value, json })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::money::Currency;
    use serde::{Deserialize, Deserializer};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        amount: String,
        #[serde(default)]
        items: Vec<Item>,
        #[serde(default, deserialize_with = "currency")]
        currency: Option<Currency>,
        kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Item {
        #[serde(rename = "a/b")]
        quantity: u32,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Single,
    }

    fn currency<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Currency>, D::Error> {
        let text = String::deserialize(d)?;
        let error = |_| serde::de::Error::custom("unknown currency");
        text.parse().map(Some).map_err(error)
    }

    #[test]
    fn every_fault_names_its_code_and_field() {
        for (body, status, code, param) in [
            ("{", 400, "invalid_json", None),
            ("", 422, "invalid_request", Some("/amount")),
            ("[]", 422, "invalid_request", Some("")),
            (r#""amount""#, 422, "invalid_request", Some("")),
            (r#"{"amount":"1","amount":"2"}"#, 400, "invalid_json", None),
            ("{}", 422, "invalid_request", Some("/amount")),
            (r#"["1"]"#, 422, "invalid_request", Some("")),
            (
                r#"{"amount":"1","items":[[2]]}"#,
                422,
                "invalid_request",
                Some("/items/0"),
            ),
            (r#"{"amount":1}"#, 422, "invalid_request", Some("/amount")),
            (
                r#"{"amount":"1","tip":1}"#,
                422,
                "unknown_field",
                Some("/tip"),
            ),
            (
                r#"{"amount":"1","items":[{"a/b":1},{"a/b":"x"}]}"#,
                422,
                "invalid_request",
                Some("/items/1/a~1b"),
            ),
            (
                r#"{"amount":"1","items":[{"a/b":1,"c":1}]}"#,
                422,
                "unknown_field",
                Some("/items/0/c"),
            ),
            (
                r#"{"amount":"1","kind":"both"}"#,
                422,
                "invalid_request",
                Some("/kind"),
            ),
            (
                r#"{"amount":"1","currency":"XXQ"}"#,
                422,
                "invalid_request",
                Some("/currency"),
            ),
        ] {
            let problem = read::<Order>(body.as_bytes()).unwrap_err();
            let found = (
                problem.status(),
                problem.code().as_str(),
                problem.body().param.as_deref(),
            );
            assert_eq!(found, (status, code, param), "{body}");
        }
    }

    #[test]
    fn a_fault_is_told_in_plain_words() {
        for (body, detail) in [
            ("3", "must be an object, not a number"),
            ("{}", "is required"),
            (r#"{"amount":null}"#, "must be a string, not null"),
            (
                r#"{"amount":"1","items":{}}"#,
                "must be an array, not an object",
            ),
            (
                r#"{"amount":"1","items":[{"a/b":1.5}]}"#,
                "must be an integer, and not so large",
            ),
            (
                r#"{"amount":"1","items":[{"a/b":"1"}]}"#,
                "must be an integer, not a string",
            ),
            (
                r#"{"amount":"1","items":[{"a/b":-1}]}"#,
                "is too small or too large",
            ),
            (
                r#"{"amount":"1","kind":"both"}"#,
                "\"both\" is not one of: single",
            ),
            (
                r#"{"amount":"1","tip":1}"#,
                "there is no field \"tip\" here",
            ),
        ] {
            let problem = read::<Order>(body.as_bytes()).unwrap_err();
            assert_eq!(problem.body().detail, detail, "{body}");
        }
        let read = read::<Order>(br#"{"amount":"1","items":[{"a/b":2.0},{"a/b":1e1}]}"#);
        let items = read.unwrap().value.items;
        assert_eq!((items[0].quantity, items[1].quantity), (2, 10));
    }

    #[test]
    fn reads_a_sound_body_and_keeps_its_json() {
        let body = r#"{"amount":"1","items":[{"a/b":2}],"currency":"EUR","kind":"single"}"#;
        let read = read::<Order>(body.as_bytes()).unwrap();
        assert_eq!(read.value.amount, "1");
        assert_eq!(read.value.items[0].quantity, 2);
        assert!(read.value.currency.is_some());
        assert!(matches!(read.value.kind, Some(Kind::Single)));
        assert_eq!(read.json["items"][0]["a/b"], 2);
    }

    #[test]
    fn only_json_is_json() {
        for text in [
            "application/json",
            "application/JSON; charset=utf-8",
            "application/x+json",
        ] {
            assert!(is_json(text), "{text}");
        }
        for text in [
            "",
            "text/plain",
            "application/jsonp",
            "application/x-www-form-urlencoded",
        ] {
            assert!(!is_json(text), "{text}");
        }
    }
}
