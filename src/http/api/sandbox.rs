//! What makes the sandbox go on: outcomes that a test chooses, and entries for its books.

use crate::base::problem::ProblemCode as Code;
use crate::http::openapi::problems::refused;
use crate::http::route;
use crate::http::{
    Problem, State,
    extract::{Change, PathId, PostEntries, Sandbox},
};
use crate::{
    base::ids::IntentId,
    domain::{
        intents::PaymentIntent,
        ledger::{EntryRequest, JournalEntryView},
        rails::{DeclineCode, RailAnswer},
    },
    writer::{Awaited, PaymentCommand, PostingCommand},
};
use actix_web::{HttpResponse, web};
use serde::Deserialize;

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/sandbox")
            .service(web::resource("/journal_entries").route(route::post(book)))
            .service(web::resource("/actions/{id}").route(route::post(act)))
            .service(web::resource("/outcomes/{id}").route(route::post(settle))),
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
    change
        .perform(
            &state,
            PostingCommand::Post(request.parse(state.ambient.now().date())?),
        )
        .await
}
