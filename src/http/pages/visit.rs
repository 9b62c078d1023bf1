//! Who opens which page.

use crate::base::language::Locale;
use crate::http::Problem;
use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::ACCEPT_LANGUAGE};
use std::future::{Ready, ready};

/// A visit to a page: its token and its reader's language.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    /// The token in the address; anything at all.
    pub token: String,
    /// The language to answer in.
    pub locale: Locale,
}

impl Visit {
    /// The visit that `request` is.
    pub fn of(request: &HttpRequest) -> Self {
        let token = request.match_info().get("token").unwrap_or_default();
        let wishes = request.headers().get_all(ACCEPT_LANGUAGE);
        let wishes: Vec<&str> = wishes.filter_map(|wish| wish.to_str().ok()).collect();
        Self {
            token: token.to_owned(),
            locale: Locale::negotiate(&wishes.join(",")),
        }
    }
}

impl FromRequest for Visit {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}
