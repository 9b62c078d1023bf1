//! Posted forms.

use crate::http::{Problem, State, extract::RawBody};
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use std::collections::BTreeMap;

const FORM: &str = "application/x-www-form-urlencoded";

/// The fields of a posted form, each named once.
#[derive(Debug, PartialEq, Eq)]
pub struct Form(BTreeMap<String, String>);

impl FromRequest for Form {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let is_form = kind.is_some_and(|kind| kind.to_str().is_ok_and(is_form));
        let raw = RawBody::from_request(request, payload);
        Box::pin(async move {
            let RawBody(bytes) = raw.await?;
            if !is_form {
                return Err(Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
            }
            read(&bytes).ok_or_else(|| Problem::of_status(StatusCode::BAD_REQUEST))
        })
    }
}

fn is_form(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(FORM)
}

/// The fields of a body. What is no UTF-8 would be replaced in reading, and of a field that comes
/// twice one would be lost: neither is what the payer sent.
fn read(body: &[u8]) -> Option<Form> {
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body).ok()?;
    let named = fields.len();
    let sound = |text: &String| !text.contains(['\u{fffd}', '\0']);
    let all_sound = fields
        .iter()
        .all(|(name, value)| sound(name) && sound(value));
    let fields: BTreeMap<String, String> = fields.into_iter().collect();
    (all_sound && fields.len() == named).then_some(Form(fields))
}

impl Form {
    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Bytes of the fields.
    pub fn bytes(&self) -> usize {
        let fields = self.0.iter();
        fields.map(|(name, value)| name.len() + value.len()).sum()
    }

    /// The nonce of the form, if it is one of ours, made for the page of `token`, and not too old.
    pub fn nonce(&self, state: &State, token: &str) -> Result<String, Problem> {
        let csrf = self.get("csrf").unwrap_or_default();
        let now = state.ambient.now();
        let nonce = state
            .keyring
            .tokens
            .newest()
            .check_form_token(token, csrf, now);
        nonce.ok_or_else(|| Problem::forbidden("the form is not one of ours, or too old"))
    }

    /// The fields as JSON, for the fingerprint of the post.
    pub fn json(&self) -> Value {
        let fields = self.0.iter();
        fields
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_field_once() {
        let form = read(b"amount=7%2C50&payment_method=pm_sandbox_ok&note=a+b").unwrap();
        assert_eq!(form.get("amount"), Some("7,50"));
        assert_eq!(form.get("note"), Some("a b"));
        assert_eq!(form.get("tip"), None);
        assert_eq!(form.json()["payment_method"], "pm_sandbox_ok");
        for body in [&b"tip=1&tip=2"[..], b"tip=%FF", b"\xff=1", b"tip=%00"] {
            assert_eq!(read(body), None);
        }
    }

    #[test]
    fn only_a_form_is_a_form() {
        assert!(is_form("Application/X-WWW-Form-Urlencoded; charset=UTF-8"));
        assert!(!is_form("text/plain") && !is_form("application/json"));
    }
}
