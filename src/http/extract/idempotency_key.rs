//! The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

use crate::base::problem::ProblemCode;
use crate::domain::idempotency::{IdempotencyKey, KeyError};
use crate::http::Problem;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use std::future::{Ready, ready};

/// The `Idempotency-Key` of a request that creates or moves something: 1 to 255 visible ASCII
/// characters, taken as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKeyHeader(pub IdempotencyKey);

impl FromRequest for IdempotencyKeyHeader {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request.headers()).map(Self))
    }
}

fn read(headers: &HeaderMap) -> Result<IdempotencyKey, Problem> {
    let mut values = headers.get_all("idempotency-key");
    let value = values.next().filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| {
        let detail = "send the header Idempotency-Key, and the same one when you try again";
        Problem::new(ProblemCode::IdempotencyKeyRequired, detail)
    })?;
    let key = value.to_str().ok().and_then(|text| text.parse().ok());
    let only = key.filter(|_| values.next().is_none());
    only.ok_or_else(|| {
        let detail = format!("send the header once; {KeyError}");
        Problem::new(ProblemCode::IdempotencyKeyInvalid, detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn read_all(values: &[&str]) -> Result<String, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(HeaderName::from_static("idempotency-key"), value);
        }
        let key = read(&headers).map(|key| key.as_str().to_owned());
        key.map_err(|problem| problem.code().to_string())
    }

    #[test]
    fn takes_one_key_of_visible_ascii() {
        let long = "k".repeat(255);
        assert_eq!(read_all(&["order-1"]), Ok("order-1".to_owned()));
        assert_eq!(read_all(&[&long]), Ok(long.clone()));
        for missing in [&[][..], &[""]] {
            assert_eq!(
                read_all(missing),
                Err("idempotency_key_required".to_owned())
            );
        }
        for wrong in [&["a b"][..], &["é"], &[&format!("{long}k")], &["a", "b"]] {
            let invalid = Err("idempotency_key_invalid".to_owned());
            assert_eq!(read_all(wrong), invalid, "{wrong:?}");
        }
    }
}
