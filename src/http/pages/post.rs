//! What a posted form has done, and what came of it.

use super::form::Form;
use super::subject::{OpenIntent, Page, PageSubject};
use super::visit::Visit;
use crate::http::{Problem, State, request::RequestId};
use crate::{
    app::Performed,
    base::{
        actor::Actor,
        ids::{IntentId, MerchantId},
    },
    domain::{
        idempotency::{Claim, Fingerprint, KeyError},
        intents::Status,
        rails::{DeclineCode, NextAction},
    },
    writer::{Command, Rejection, Submission, WriteError},
};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use std::time::Duration;

/// How long the second of two equal posts waits before it asks again what the first came to.
const PAUSE: Duration = Duration::from_millis(100);
/// How often it asks.
const ASKS: u32 = 50;

/// A post from one of our pages.
#[derive(Debug)]
pub(super) struct Post {
    /// What it says.
    pub form: Form,
    method: String,
    path: String,
    request_id: String,
}

impl FromRequest for Post {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let form = Form::from_request(request, payload);
        let id = RequestId::extract(request);
        let (method, path) = (request.method().to_string(), request.path().to_owned());
        Box::pin(async move {
            let (form, RequestId(request_id)) = (form.await?, id.await?);
            Ok(Self {
                form,
                method,
                path,
                request_id,
            })
        })
    }
}

/// What a post came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// This intent is paid.
    Paid(IntentId),
    /// This intent is not: it waits.
    Unpaid(IntentId),
    /// This intent's payer is to pay on a page of the provider's.
    Elsewhere(IntentId),
    /// This intent's payment was declined, and it can be paid again.
    Declined(IntentId, DeclineCode),
    /// The state did not allow it, and nothing was done.
    Refused,
    /// The first post of this form has not come to its end.
    Running,
}

/// A payment that the sender of a post has begun.
pub(super) struct Own {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The payment.
    pub open: Box<OpenIntent>,
    /// The nonce of the post's form.
    pub nonce: String,
}

impl Post {
    /// The payment that this post is about, if its sender has begun it.
    pub async fn own(&self, state: &State, visit: &Visit) -> Result<Own, Problem> {
        let page = Page::find(state, visit).await?;
        let PageSubject::Intent(open) = page.subject else {
            return Err(Problem::not_found());
        };
        let nonce = self.form.nonce(state, &visit.token)?;
        if !open.is_readers {
            let detail = "this payment was begun in another browser";
            return Err(Problem::forbidden(detail));
        }
        Ok(Own {
            merchant: page.merchant.id,
            open,
            nonce,
        })
    }

    /// Has `command` done once for this form, however often it is sent.
    pub async fn perform(
        &self,
        state: &State,
        (merchant, nonce): (MerchantId, &str),
        command: Command,
    ) -> Result<Outcome, Problem> {
        let key = format!("page:{nonce}").parse();
        let key = key.map_err(|error: KeyError| Problem::internal(&error))?;
        let fingerprint = Fingerprint::of(&self.method, &self.path, &self.form.json());
        let submission = Submission {
            merchant,
            actor: Actor::Payer,
            command,
            claim: Some(Claim { key, fingerprint }),
            request_id: self.request_id.clone(),
            bytes: self.form.bytes(),
        };
        perform(state, submission).await
    }
}

/// Has something done once, however often it is submitted.
pub(super) async fn perform(state: &State, submission: Submission) -> Result<Outcome, Problem> {
    for _ in 0..ASKS {
        match state.perform(submission.clone()).await {
            Ok(performed) => return outcome(&performed),
            Err(WriteError::Rejected(Rejection::KeyInUse)) => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Outcome::Running)
}

/// The part of a payment intent that says where its payer goes next.
#[derive(Deserialize)]
struct Paying {
    id: IntentId,
    status: Status,
    next_action: Option<NextAction>,
}

/// The part of a problem that names the intent whose payment was declined.
#[derive(Deserialize)]
struct Declined {
    payment_intent: IntentId,
    decline_code: DeclineCode,
}

/// Reads the printed answer, since that is what is kept of a command: the second of two equal posts,
/// and one after a restart, get nothing else.
fn outcome(performed: &Performed) -> Result<Outcome, Problem> {
    let body = &performed.answer.body;
    let unread = |error: serde_json::Error| Problem::internal(&error);
    match performed.answer.status {
        200..=299 => {
            let paying: Paying = serde_json::from_slice(body).map_err(unread)?;
            let Paying { id, status, .. } = paying;
            let action = paying.next_action.as_ref();
            let is_elsewhere = action.and_then(NextAction::address).is_some();
            Ok(if status == Status::Succeeded {
                Outcome::Paid(id)
            } else if is_elsewhere {
                Outcome::Elsewhere(id)
            } else {
                Outcome::Unpaid(id)
            })
        }
        402 => {
            let declined: Declined = serde_json::from_slice(body).map_err(unread)?;
            let Declined {
                payment_intent,
                decline_code,
            } = declined;
            Ok(Outcome::Declined(payment_intent, decline_code))
        }
        _ => Ok(Outcome::Refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::idempotency::Answer;

    #[test]
    fn an_answer_says_where_the_payer_goes() {
        let id: IntentId = "pi_01kbkqwz3vf5g9yd4n7mxcrh0t".parse().unwrap();
        for (status, body, expected) in [
            (
                200,
                format!(r#"{{"id":"{id}","status":"succeeded"}}"#),
                Outcome::Paid(id),
            ),
            (
                200,
                format!(r#"{{"id":"{id}","status":"processing"}}"#),
                Outcome::Unpaid(id),
            ),
            (
                200,
                format!(
                    r#"{{"id":"{id}","status":"requires_action","next_action":{{"type":"redirect_to_url","redirect_to_url":{{"url":"https://x/"}}}}}}"#
                ),
                Outcome::Elsewhere(id),
            ),
            (
                402,
                format!(
                    r#"{{"status":402,"payment_intent":"{id}","decline_code":"card_declined"}}"#
                ),
                Outcome::Declined(id, DeclineCode::CardDeclined),
            ),
            (409, r#"{"status":409}"#.to_owned(), Outcome::Refused),
        ] {
            let body = body.into_bytes();
            let performed = Performed {
                answer: Answer { status, body },
                replayed: false,
            };
            assert_eq!(outcome(&performed).unwrap(), expected, "{status}");
        }
    }
}
