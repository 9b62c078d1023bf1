//! One request to Stripe, as it will be written.

use crate::base::ids::AttemptId;
use url::form_urlencoded::Serializer;

/// The version of the API that is asked for, whatever the account's own is.
pub const VERSION: &str = "2026-10-28.endive";

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Asks, and changes nothing.
    Get,
    /// Has something done.
    Post,
}

/// A request that the same inputs always make the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What it does.
    pub method: Method,
    /// Below the API's host, such as `/v1/refunds`.
    pub path: String,
    /// Names and values in their order, such as `line_items[0][quantity]` and `1`.
    pub form: Vec<(String, String)>,
    /// What Stripe knows a repetition by, for at least 24 hours; of requests that do something.
    pub idempotency_key: Option<String>,
}

impl Request {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::Get,
            path: path.into(),
            form: Vec::new(),
            idempotency_key: None,
        }
    }

    /// A request that does something, known by the attempt that it is made for.
    pub(super) fn post(path: impl Into<String>, key: AttemptId) -> Self {
        Self {
            method: Method::Post,
            idempotency_key: Some(key.to_string()),
            ..Self::get(path)
        }
    }

    /// The same with one value more.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "it is handed texts, numbers and ids alike"
    )]
    pub(super) fn with(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.form.push((name.into(), value.to_string()));
        self
    }

    /// The same, answered with what `path` leads to as an object instead of its id.
    pub(super) fn expanding(self, path: &str) -> Self {
        self.with("expand[]", path)
    }

    /// The path, with the form behind it where there is no body.
    pub fn target(&self) -> String {
        match self.method {
            Method::Get if !self.form.is_empty() => format!("{}?{}", self.path, self.encoded()),
            Method::Get | Method::Post => self.path.clone(),
        }
    }

    /// The body of a request that does something.
    pub fn body(&self) -> Option<String> {
        match self.method {
            Method::Get => None,
            Method::Post => Some(self.encoded()),
        }
    }

    fn encoded(&self) -> String {
        let mut form = Serializer::new(String::new());
        form.extend_pairs(&self.form);
        form.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_form_stands_in_the_body_or_behind_the_path() {
        let asking = Request::get("/v1/a").with("b[c]", "d e&f=ü");
        assert_eq!(asking.target(), "/v1/a?b%5Bc%5D=d+e%26f%3D%C3%BC");
        assert_eq!(asking.body(), None);
        assert_eq!(Request::get("/v1/a").target(), "/v1/a");
        let doing = Request::post("/v1/a", AttemptId(Uuid::nil())).with("amount", 5);
        assert_eq!(doing.target(), "/v1/a");
        assert_eq!(doing.body().unwrap(), "amount=5");
        let key = doing.idempotency_key.unwrap();
        assert_eq!(key, "pa_00000000000000000000000000");
    }
}
