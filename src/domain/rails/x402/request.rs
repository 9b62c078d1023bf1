//! One request to a facilitator or a node, as it will be written.

/// A request that the same inputs always make the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What it does.
    pub method: Method,
    /// Where to.
    pub url: String,
    /// JSON; of posts alone.
    pub body: Option<String>,
}

/// How something is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// To be told something.
    Get,
    /// To have something done, or to be told what a body asks for.
    Post,
}

impl Request {
    pub(super) fn get(url: String) -> Self {
        Self {
            method: Method::Get,
            url,
            body: None,
        }
    }

    pub(super) fn post(url: impl Into<String>, body: impl Into<String>) -> Self {
        Self {
            method: Method::Post,
            url: url.into(),
            body: Some(body.into()),
        }
    }
}
