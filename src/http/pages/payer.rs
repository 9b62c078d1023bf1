//! Which browser began a payment: a cookie that only that browser has.
//!
//! It holds the id of the payment and the nonce of the form that began it, which nobody else has
//! seen. It is sent to the page of the payment and to the page that the form was on, no further.

use crate::base::ids::IntentId;
use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use subtle::ConstantTimeEq;

const NAME: &str = "threadpay_payer";
/// As long as the form's token is good, and a payment through a link lasts.
const LIFE: Duration = Duration::days(1);

/// What a payer's browser says that it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Payer {
    /// The payment.
    pub intent: IntentId,
    /// The nonce of the form that began its attempt.
    nonce: String,
}

impl Payer {
    /// The payer who sent the form with this nonce.
    pub fn new(intent: IntentId, nonce: &str) -> Self {
        let nonce = nonce.to_owned();
        Self { intent, nonce }
    }

    /// The payer that the browser says it is; anything at all.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        let cookie = request.cookie(NAME)?;
        let (intent, nonce) = cookie.value().split_once('.')?;
        Some(Self::new(intent.parse().ok()?, nonce))
    }

    /// Whether this payer's form began the attempt of `intent` that bears `nonce`.
    pub fn began(&self, intent: IntentId, nonce: &str) -> bool {
        let same = self.nonce.as_bytes().ct_eq(nonce.as_bytes());
        self.intent == intent && bool::from(same)
    }

    /// The cookie for one page.
    pub fn cookie(&self, page: String, is_secure: bool) -> Cookie<'static> {
        Cookie::build(NAME, format!("{}.{}", self.intent, self.nonce))
            .path(page)
            .max_age(LIFE)
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(is_secure)
            .finish()
    }
}
