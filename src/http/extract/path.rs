//! The id in a request's path.

use super::parameters::Parameters;
use crate::http::Problem;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use std::future::{Ready, ready};
use std::str::FromStr;

/// The `{id}` of a request's path. A malformed one is answered like an unknown one: 404.
#[derive(Clone, Copy, Debug)]
pub struct PathId<Id>(pub Id);

impl<Id> Parameters for PathId<Id> {}

impl<Id: FromStr + 'static> FromRequest for PathId<Id> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id");
        let id = id.and_then(|text| text.parse().ok());
        ready(id.map(Self).ok_or_else(Problem::not_found))
    }
}
