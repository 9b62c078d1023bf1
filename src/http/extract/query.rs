//! The query of a request's URL.

use super::pointer;
use crate::http::Problem;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::de::DeserializeOwned;
use std::future::{Ready, ready};

/// The query of a request's URL, read as a `T`. Parameters that `T` does not know are for another
/// reader of the same query, such as [`super::Page`].
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request.query_string()).map(Self))
    }
}

pub(super) fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    // No text in the database holds a NUL, and it takes none to look for.
    if let Some((name, _)) = pairs.clone().find(|(_, value)| value.contains('\0')) {
        let mut at = String::new();
        pointer::push(&mut at, &name);
        return Err(Problem::invalid(at, "must not hold the character NUL"));
    }
    let reader = serde_urlencoded::Deserializer::new(pairs);
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let mut at = pointer::of(error.path());
        let sentence = error.inner().to_string();
        if let Some(name) = pointer::missing(&sentence) {
            pointer::push(&mut at, name);
        }
        Problem::invalid(at, format!("the query is wrong: {sentence}"))
    })
}
