//! Why a call did not do what it was to: refused, or nobody knows.

use crate::base::net::SendError;
use crate::domain::rails::Sign;
use serde::Deserialize;

/// Most characters that are kept of what Stripe says.
const LONGEST: usize = 500;
/// What secrets and keys begin with.
const KEYS: [&str; 4] = ["sk_", "rk_", "pk_", "whsec_"];

/// The call was not answered with what it asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It was refused, so that it moved nothing.
    #[error("{0}")]
    Refused(Refusal),
    /// It may have been done or not.
    #[error("{0}")]
    Unknown(Doubt),
}

impl CallError {
    /// What it says of the account that the call was made by; none if nothing.
    pub fn sign(&self) -> Option<Sign> {
        match self {
            Self::Refused(refusal) => Some(match refusal.reason {
                Reason::Account => Sign::Failed,
                Reason::Missing | Reason::State | Reason::Declined | Reason::Request => Sign::Taken,
            }),
            Self::Unknown(Doubt::NoAnswer(_) | Doubt::Failed(_) | Doubt::Unreadable(_)) => {
                Some(Sign::Failed)
            }
            // That is between this call and another.
            Self::Unknown(Doubt::Busy(_) | Doubt::KeyReused) => None,
        }
    }
}

/// Stripe says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Stripe refuses ({status}, {}): {message}", .code.as_deref().unwrap_or("no code"))]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// What follows from it.
    pub reason: Reason,
    /// In Stripe's words, such as `charge_already_captured`.
    pub code: Option<String>,
    /// A sentence of Stripe's, with keys left out.
    pub message: String,
    /// The field that is at fault.
    pub param: Option<String>,
}

impl Refusal {
    /// Whether there is no such object.
    pub fn is_missing(&self) -> bool {
        self.reason == Reason::Missing
    }
}

/// What follows from a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The key is wrong, revoked, or may not do this: the merchant's account is at fault.
    Account,
    /// There is no such object in this account and mode.
    Missing,
    /// The object is not in a state for it, so that something else came first: look it up.
    State,
    /// A bank declined.
    Declined,
    /// Something else in the request.
    Request,
}

/// Why nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// No answer came.
    #[error("Stripe did not answer: {0}")]
    NoAnswer(#[from] SendError),
    /// The same call is under way, or there are too many (409, 429).
    #[error("Stripe is busy (status {0})")]
    Busy(u16),
    /// Another request was sent under this key, and its answer is not this one's.
    #[error("Stripe knows the idempotency key by another request")]
    KeyReused,
    /// Stripe failed (5xx). It gives the same answer under the same key, so look up instead.
    #[error("Stripe failed (status {0})")]
    Failed(u16),
    /// The answer is none of Stripe's, or did not come whole.
    #[error("the answer cannot be read (status {0})")]
    Unreadable(u16),
}

#[derive(Deserialize)]
struct Body {
    error: Fault,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
    message: Option<String>,
    param: Option<String>,
}

/// Reads an answer that is not of success.
pub(super) fn read(status: u16, body: &[u8]) -> CallError {
    match status {
        409 | 429 => return CallError::Unknown(Doubt::Busy(status)),
        500.. => return CallError::Unknown(Doubt::Failed(status)),
        400..500 => {}
        _ => return CallError::Unknown(Doubt::Unreadable(status)),
    }
    let Ok(Body { error }) = serde_json::from_slice(body) else {
        // Somebody on the way to Stripe may have said so.
        return CallError::Unknown(Doubt::Unreadable(status));
    };
    if error.code.as_deref().is_some_and(is_busy) {
        return CallError::Unknown(Doubt::Busy(status));
    }
    if error.kind.as_deref() == Some("idempotency_error") {
        return CallError::Unknown(Doubt::KeyReused);
    }
    CallError::Refused(Refusal {
        status,
        reason: reason(status, &error),
        code: error.code.as_deref().map(told),
        message: told(error.message.as_deref().unwrap_or_default()),
        param: error.param.as_deref().map(told),
    })
}

fn reason(status: u16, fault: &Fault) -> Reason {
    match (status, fault.code.as_deref()) {
        (401 | 403, _) => Reason::Account,
        (404, _) | (_, Some("resource_missing")) => Reason::Missing,
        (_, Some(code)) if is_of_state(code) => Reason::State,
        (402, _) => Reason::Declined,
        // A page that is not open has no code of its own.
        (400, None) if fault.param.is_none() => Reason::State,
        _ => Reason::Request,
    }
}

/// Whatever the status is: it passes by itself.
fn is_busy(code: &str) -> bool {
    let codes = [
        "idempotency_key_in_use",
        "lock_timeout",
        "payment_intent_rate_limit_exceeded",
        "rate_limit",
    ];
    codes.contains(&code)
}

fn is_of_state(code: &str) -> bool {
    let codes = [
        "charge_already_captured",
        "charge_already_refunded",
        "charge_disputed",
        "charge_expired_for_capture",
        "charge_not_refundable",
        "payment_intent_unexpected_state",
        "refund_disputed_payment",
    ];
    codes.contains(&code)
}

/// What is kept of a text of Stripe's. It repeats the end of a wrong key, with stars before it.
fn told(text: &str) -> String {
    let is_key = |word: &str| KEYS.iter().any(|key| word.contains(key));
    let words = text.split_whitespace();
    let words = words.map(|word| if is_key(word) { "(a key)" } else { word });
    let text = words.collect::<Vec<_>>().join(" ");
    text.chars()
        .filter(|c| !c.is_control())
        .take(LONGEST)
        .collect()
}
