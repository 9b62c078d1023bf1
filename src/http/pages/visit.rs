//! Who opens which page.

use super::payer::Payer;
use crate::base::{crypto::TokenKey, language::Locale};
use crate::http::{Problem, State};
use crate::views::pages::Reader;
use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use std::future::{Ready, ready};

/// A visit to a page: its token, its reader, and what that reader's browser began.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    /// The token in the address; anything at all.
    pub token: String,
    /// Who reads the answer.
    pub reader: Reader,
    /// The payment that this browser began here.
    pub payer: Option<Payer>,
}

impl Visit {
    /// The visit that `request` is.
    pub fn of(request: &HttpRequest) -> Self {
        let token = request.match_info().get("token").unwrap_or_default();
        let wishes = request.headers().get_all(ACCEPT_LANGUAGE);
        let wishes: Vec<&str> = wishes.filter_map(|wish| wish.to_str().ok()).collect();
        let state = request.app_data::<web::Data<State>>();
        let reader = Reader {
            locale: Locale::negotiate(&wishes.join(",")),
            root: state.map_or_else(|| "".into(), |state| state.urls.root()),
        };
        Self {
            token: token.to_owned(),
            reader,
            payer: Payer::of(request),
        }
    }

    /// The path of the pay page, as a browser asks for it.
    pub fn page_path(&self) -> String {
        format!("{}/p/{}", self.reader.root, self.token)
    }
}

impl FromRequest for Visit {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let visit = Self::of(request);
        // What is no token leads nowhere, and its letters into no address.
        let is_token = TokenKey::is_well_formed(&visit.token);
        ready(is_token.then_some(visit).ok_or_else(Problem::not_found))
    }
}
