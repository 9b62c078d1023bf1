//! What makes the sandbox go on: outcomes that a test chooses, and entries for its books.

use crate::base::problem::ProblemCode as Code;
use crate::http::openapi::problems::refused;
use crate::http::route;
use crate::http::{
    Problem, State, answer,
    extract::{Caller, Change, PathId, PostEntries, Sandbox},
};
use crate::{
    base::{
        ids::{AttemptId, IntentId},
        invalid::{Invalid, check_id},
        money::field::{self, AmountText, CurrencyCode},
    },
    domain::{
        clocks::{self, ClockRequest, SandboxClock},
        intents::PaymentIntent,
        ledger::{EntryRequest, JournalEntryView},
        rails::{CallKind, DeclineCode, RailAnswer, RailFact, Route},
    },
    writer::{Awaited, ClockCommand, FactReceipt, MovementCommand, PaymentCommand, PostingCommand},
};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::Value;

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/sandbox")
            .service(web::resource("/journal_entries").route(route::post(book)))
            .service(web::resource("/actions/{id}").route(route::post(act)))
            .service(web::resource("/outcomes/{id}").route(route::post(settle)))
            .service(web::resource("/facts").route(route::post(tell)))
            .service(
                web::resource("/clock")
                    .route(route::post(advance))
                    .route(route::get(clock)),
            ),
    );
}

crate::names! {
    /// How a sandbox payment goes on.
    pub enum SandboxOutcome {
        /// It succeeds.
        Succeed = "succeed",
        /// It fails.
        Fail = "fail",
    }
}

impl SandboxOutcome {
    /// The rail's answer; a failure has the given reason.
    pub fn answer(self, reason: DeclineCode) -> RailAnswer {
        match self {
            Self::Succeed => RailAnswer::Succeeded,
            Self::Fail => RailAnswer::Declined(reason),
        }
    }
}

/// How the payment goes on.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeRequest {
    /// `succeed` or `fail`.
    outcome: SandboxOutcome,
}

/// Complete a sandbox action
///
/// Plays the payer of an intent that is `requires_action`: the authentication succeeds or fails.
#[utoipa::path(post, path = "/v1/sandbox/actions/{id}", tag = "Sandbox",
    operation_id = "complete_sandbox_action",
    params(("id" = IntentId, Path, description = "The intent's id.")),
    request_body = OutcomeRequest,
    responses(
        (status = 200, description = "The intent.", body = PaymentIntent),
        (status = 409, description = refused(&[Code::InvalidState])),
        (status = 422, description = refused(&[Code::InvalidRequest, Code::IdempotencyKeyReused])),
    ))]
pub async fn act(
    state: web::Data<State>,
    id: PathId<IntentId>,
    change: Change<Sandbox, OutcomeRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    let answer = request.outcome.answer(DeclineCode::AuthenticationFailed);
    change
        .perform(
            &state,
            PaymentCommand::Report(id.0, Awaited::Action, answer),
        )
        .await
}

/// Give a pending sandbox payment its outcome
///
/// Plays the rail of an intent that is `processing` with `pm_sandbox_pending`.
#[utoipa::path(post, path = "/v1/sandbox/outcomes/{id}", tag = "Sandbox",
    operation_id = "settle_sandbox_payment",
    params(("id" = IntentId, Path, description = "The intent's id.")),
    request_body = OutcomeRequest,
    responses(
        (status = 200, description = "The intent.", body = PaymentIntent),
        (status = 409, description = refused(&[Code::InvalidState])),
        (status = 422, description = refused(&[Code::InvalidRequest, Code::IdempotencyKeyReused])),
    ))]
pub async fn settle(
    state: web::Data<State>,
    id: PathId<IntentId>,
    change: Change<Sandbox, OutcomeRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    let answer = request.outcome.answer(DeclineCode::CardDeclined);
    change
        .perform(
            &state,
            PaymentCommand::Report(id.0, Awaited::Outcome, answer),
        )
        .await
}

crate::names! {
    /// What happened at the sandbox.
    pub enum FactKind {
        /// A payer paid, or held money for a payment.
        Charge = "charge",
        /// Held money was taken.
        Capture = "capture",
        /// Held money was let go.
        Void = "void",
        /// Money was given back.
        Refund = "refund",
    }
}

crate::names! {
    /// What became of it.
    pub enum FactOutcome {
        /// It is done.
        Succeeded = "succeeded",
        /// It failed, or was taken back.
        Failed = "failed",
    }
}

/// What the sandbox tells, as a provider tells it in a webhook.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FactRequest {
    /// What happened.
    kind: FactKind,
    /// What became of it.
    outcome: FactOutcome,
    /// The attempt that it is about: one of the same kind, or the charge that it was done to without
    /// you. Left out, nothing is known that it could be for.
    #[serde(default)]
    attempt: Option<AttemptId>,
    /// What the sandbox calls it: the same name with the same amount is the same fact. The attempt's
    /// id if left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255, example = "txn_1")]
    external_id: Option<String>,
    /// How much; what the attempt asked for if left out.
    #[serde(default)]
    #[schema(value_type = Option<AmountText>)]
    amount: Option<Value>,
    /// ISO 4217 code; goes with `amount`.
    #[serde(default)]
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<String>,
}

impl FactRequest {
    fn parse(self) -> Result<RailFact, Invalid> {
        let Self {
            kind,
            outcome,
            attempt,
            external_id,
            amount,
            currency,
        } = self;
        let external_id = external_id
            .map(|id| check_id("/external_id", &id, 255).map(|()| id))
            .transpose()?;
        let amount = match (amount, currency) {
            (Some(text), Some(code)) => {
                let currency = field::currency(&code)?;
                Some(field::amount("/amount", &text, currency)?)
            }
            (None, None) => None,
            (Some(_), None) => return Err(Invalid::field("/currency", "goes with amount")),
            (None, Some(_)) => return Err(Invalid::field("/amount", "goes with currency")),
        };
        if attempt.is_none() && (amount.is_none() || external_id.is_none()) {
            let detail = "is needed where no attempt is named, as are external_id and amount";
            return Err(Invalid::field("/external_id", detail));
        }
        Ok(RailFact {
            route: Route::SANDBOX,
            kind: match kind {
                FactKind::Charge => CallKind::Charge,
                FactKind::Capture => CallKind::Capture,
                FactKind::Void => CallKind::Void,
                FactKind::Refund => CallKind::Refund,
            }
            .into(),
            outcome: match outcome {
                FactOutcome::Succeeded => RailAnswer::Succeeded,
                FactOutcome::Failed => RailAnswer::Declined(DeclineCode::ProcessingError),
            },
            attempt,
            external_id,
            amount,
            reference: None,
            next_action: None,
            occurred_at: None,
        })
    }
}

/// Tell a sandbox fact
///
/// Plays the provider who tells what happened, asked or not: money that comes late, twice, too much,
/// too little or for nothing that is known; refunds made at the provider or failed after they had
/// succeeded; authorizations that lapse. What no payment intent waits for becomes a movement.
#[utoipa::path(post, path = "/v1/sandbox/facts", tag = "Sandbox",
    operation_id = "tell_sandbox_fact",
    request_body = FactRequest,
    responses(
        (status = 200, description = "What came of it.", body = FactReceipt),
        (status = 404, description = refused(&[Code::NotFound])),
        (status = 422, description = refused(&[Code::InvalidRequest, Code::InvalidAmount, Code::InvalidCurrency, Code::UnknownField, Code::IdempotencyKeyReused])),
    ))]
pub async fn tell(
    state: web::Data<State>,
    change: Change<Sandbox, FactRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    let fact = Box::new(request.parse()?);
    change.perform(&state, MovementCommand::Tell(fact)).await
}

/// Book a sandbox journal entry
///
/// Gives a sandbox's books a history to try a reconciliation or an export with: any entry that
/// balances, of the kind `adjustment`. Nothing else changes, and no event tells of it.
#[utoipa::path(post, path = "/v1/sandbox/journal_entries", tag = "Sandbox",
    operation_id = "create_sandbox_journal_entry",
    request_body = EntryRequest,
    responses(
        (status = 201, description = "The entry.", body = JournalEntryView),
        (status = 422, description = refused(&[Code::UnbalancedEntry, Code::InvalidRequest, Code::InvalidAmount, Code::InvalidCurrency, Code::UnknownField, Code::IdempotencyKeyReused])),
    ))]
pub async fn book(
    state: web::Data<State>,
    change: Change<PostEntries, EntryRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    let today = state.time_of(&change.caller).await?.date();
    change
        .perform(&state, PostingCommand::Post(request.parse(today)?))
        .await
}

/// Move the clock on
///
/// Moves a test merchant's time forward, for good, so that what takes days can be tried at once:
/// payment intents and links expire, callbacks that failed are tried again, the rail is asked about
/// what is open, all within a second of this call. No other merchant's time moves. Callbacks go out
/// and are signed by everybody's time, and API keys, limits and `Idempotency-Key`s go by it, too.
#[utoipa::path(post, path = "/v1/sandbox/clock", tag = "Sandbox",
    operation_id = "advance_sandbox_clock",
    request_body = ClockRequest,
    responses(
        (status = 200, description = "The clock.", body = SandboxClock),
        (status = 422, description = refused(&[Code::InvalidRequest, Code::UnknownField, Code::IdempotencyKeyReused])),
    ))]
pub async fn advance(
    state: web::Data<State>,
    change: Change<Sandbox, ClockRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    let by = request.parse()?;
    change.perform(&state, ClockCommand::Advance(by)).await
}

/// Get the clock
#[utoipa::path(get, path = "/v1/sandbox/clock", tag = "Sandbox",
    operation_id = "get_sandbox_clock",
    responses((status = 200, description = "The clock.", body = SandboxClock)))]
pub async fn clock(
    state: web::Data<State>,
    caller: Caller<Sandbox>,
) -> Result<HttpResponse, Problem> {
    let clock = clocks::store::get(&state.pool, caller.merchant).await?;
    let clock = clock.ok_or_else(Problem::not_found)?;
    answer::object(&SandboxClock::new(clock, state.ambient.now()))
}
