//! A program pays: what it signed is taken once, written down, and then brought to the chain.

use super::{
    super::{
        post::{Outcome, perform},
        subject::Page,
    },
    asked::Asked,
    told,
};
use crate::http::{Problem, State};
use crate::{
    app::NotLookedAt,
    base::{actor::Actor, ids::IntentId, problem::ProblemCode},
    domain::{
        idempotency::{self, Claim, Fingerprint, KeyError},
        intents::{self, Choice, State as IntentState, attempt},
        rails::{
            PaymentMethod,
            x402::{Payload, Refused},
        },
    },
    writer::Submission,
};
use actix_web::HttpResponse;
use serde_json::Value;
use std::fmt::Display;

/// What the key of a payment begins with: the token takes each payment once, and so do we.
const KEY: &str = "x402:";

/// A page that a program pays.
pub(super) struct Paying<'a> {
    /// Everything.
    pub state: &'a State,
    /// The page.
    pub page: &'a Page,
    /// Its token.
    pub token: &'a str,
    /// The request.
    pub request_id: String,
}

/// What becomes of a payment before it is presented.
enum Taken {
    /// It is what was asked for.
    Choice(Choice),
    /// It is not: this is the answer.
    Refused(HttpResponse),
}

impl Paying<'_> {
    /// Takes a payment for what is asked, if anything is.
    pub async fn pay(
        &self,
        asked: Option<Asked<'_>>,
        signature: &str,
    ) -> Result<HttpResponse, Problem> {
        let payload = Payload::read(signature);
        let payload =
            payload.and_then(|read| Ok((read.reference().ok_or(Refused::Payload)?, read)));
        let (reference, payload) = match payload {
            Ok(read) => read,
            Err(refused) => return refuse(asked.as_ref(), refused.as_str()),
        };
        let key = format!("{KEY}{reference}");
        let choice = if self.is_known(&key).await? {
            // Nothing is done again: what came of it is told.
            Choice::from(PaymentMethod::X402)
        } else {
            let Some(asked) = &asked else {
                return Err(not_now());
            };
            match self.take(asked, &payload).await? {
                Taken::Choice(choice) => choice,
                Taken::Refused(answer) => return Ok(answer),
            }
        };
        // Where nothing can be paid, it finds what was answered before, or is refused.
        let sum = asked.as_ref().map_or((None, None), Asked::chosen);
        let command = self.page.subject.paid_with(choice, sum);
        let key = key.parse();
        let key = key.map_err(|error: KeyError| Problem::internal(&error))?;
        let body = Value::from(payload.original());
        let submission = Submission {
            merchant: self.page.merchant.id,
            actor: Actor::Payer,
            command,
            claim: Some(Claim {
                key,
                fingerprint: Fingerprint::of("PAY", self.token, &body),
            }),
            request_id: self.request_id.clone(),
            bytes: payload.original().len(),
        };
        match perform(self.state, submission).await? {
            Outcome::Paid(id) | Outcome::Unpaid(id) | Outcome::Elsewhere(id) => {
                self.told(id, &reference).await
            }
            Outcome::Declined(_, code) => refuse(asked.as_ref(), code.as_str()),
            Outcome::Refused => Err(not_now()),
            Outcome::Running => Err(Problem::new(
                ProblemCode::IdempotencyKeyInUse,
                "this payment is being made: send it again in a moment",
            )
            .retry_after(1)),
        }
    }

    /// Whether this payment was taken before.
    async fn is_known(&self, key: &str) -> Result<bool, Problem> {
        let mut db = self.state.pool.acquire().await?;
        let name = (self.page.merchant.id, key.to_owned());
        let found = idempotency::store::load(&mut db, &[name]).await?;
        Ok(!found.is_empty())
    }

    /// Holds a payment against what is asked, and asks the facilitator, which moves nothing.
    async fn take(&self, asked: &Asked<'_>, payload: &Payload) -> Result<Taken, Problem> {
        let state = self.state;
        let (account, settings, authorization) = match asked.take(payload, state.ambient.now()) {
            Ok(taken) => taken,
            Err(refused) => return Ok(Taken::Refused(asked.answer(Some(refused.as_str())))),
        };
        let requirements = asked.asks(settings, authorization.terms.amount);
        let at = (account, settings);
        let looked = state.providers.look_at(at, authorization, &requirements);
        match looked.await {
            Ok(signed) => Ok(Taken::Choice(Choice {
                method: PaymentMethod::X402,
                account: Some(account.id),
                signed: Some(Box::new(signed)),
            })),
            Err(NotLookedAt::Refused(word)) => Ok(Taken::Refused(asked.answer(Some(&word)))),
            Err(NotLookedAt::Away(doubt)) => Err(away(&doubt)),
            Err(NotLookedAt::NotReady(error)) => Err(Problem::internal(&error)),
        }
    }

    /// How the payment of this reference stands.
    async fn told(&self, id: IntentId, reference: &str) -> Result<HttpResponse, Problem> {
        let (pool, merchant) = (&self.state.pool, self.page.merchant.id);
        let intent = intents::store::get(pool, merchant, id).await?;
        let intent = intent.ok_or_else(Problem::not_found)?;
        let by = match intent.state {
            IntentState::Processing(attempt, _) => Some(attempt),
            IntentState::Succeeded => intent.charge,
            IntentState::RequiresPayment
            | IntentState::RequiresAction(_)
            | IntentState::RequiresCapture
            | IntentState::Canceled(_)
            | IntentState::Expired => None,
        };
        let by = by.ok_or_else(not_now)?;
        let found = attempt::store::get(pool, merchant, by).await?;
        let own = found.filter(|(attempt, _)| attempt.reference.as_deref() == Some(reference));
        let (attempt, _) = own.ok_or_else(not_now)?;
        Ok(told::sent(self.state, (&intent, &attempt)))
    }
}

fn refuse(asked: Option<&Asked<'_>>, why: &str) -> Result<HttpResponse, Problem> {
    match asked {
        Some(asked) => Ok(asked.answer(Some(why))),
        None => Err(not_now()),
    }
}

fn not_now() -> Problem {
    let detail = "this cannot be paid now: it is paid, being paid, or over";
    Problem::new(ProblemCode::InvalidState, detail)
}

/// Nothing was begun.
fn away(doubt: &dyn Display) -> Problem {
    let detail = format!("nothing was begun, since the chain cannot be asked now: {doubt}");
    Problem::new(ProblemCode::ProviderUnavailable, detail).retry_after(5)
}
