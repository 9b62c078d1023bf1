//! What people say about lines of statements.

use crate::base::problem::ProblemCode as Code;
use crate::http::openapi::problems::refused;
use crate::http::route;
use crate::http::{
    Problem, State,
    extract::{Change, PathId, Statements},
};
use crate::{
    base::ids::StatementLineId,
    domain::reconciliation::{
        BankLineObject, MarkRequest, MatchRequest, SplitRequest, UnmatchRequest,
    },
    writer::StatementCommand,
};
use actix_web::{HttpResponse, web};

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/statement_lines/{id}/match").route(route::post(match_line)))
        .service(web::resource("/statement_lines/{id}/split").route(route::post(split)))
        .service(web::resource("/statement_lines/{id}/unmatch").route(route::post(unmatch)))
        .service(web::resource("/statement_lines/{id}/mark").route(route::post(mark)));
}

/// Match a line
///
/// Says which payment intent a line is the money of. Its movement is resolved as by
/// `POST /v1/movements/{id}/resolve`: by `accept` where the movement names that payment intent, by
/// `assign` otherwise. Where it pays less than was asked for, or the payment intent does not wait for
/// it any more, a `reason` is needed, and the line is `forced`.
#[utoipa::path(post, path = "/v1/statement_lines/{id}/match", tag = "Statements",
    operation_id = "match_statement_line",
    params(("id" = StatementLineId, Path, description = "The line's id.")),
    request_body = MatchRequest,
    responses(
        (status = 200, description = "The line.", body = BankLineObject),
        (status = 409, description = refused(&[Code::InvalidState, Code::IdempotencyKeyInUse])),
        (status = 422, description = refused(&[Code::InvalidRequest, Code::CardNumberNotAllowed, Code::IdempotencyKeyReused])),
    ))]
pub async fn match_line(
    state: web::Data<State>,
    id: PathId<StatementLineId>,
    change: Change<Statements, MatchRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    change
        .perform(&state, StatementCommand::Decide(id.0, request.parse()?))
        .await
}

/// Split a line
///
/// Says that a line pays several payment intents. What is in suspense of it becomes a movement for each
/// part, and each part that names a payment intent is assigned to it. The line is matched if all do;
/// else the other parts wait in suspense to be resolved as movements.
#[utoipa::path(post, path = "/v1/statement_lines/{id}/split", tag = "Statements",
    operation_id = "split_statement_line",
    params(("id" = StatementLineId, Path, description = "The line's id.")),
    request_body = SplitRequest,
    responses(
        (status = 200, description = "The line.", body = BankLineObject),
        (status = 409, description = refused(&[Code::InvalidState, Code::IdempotencyKeyInUse])),
        (status = 422, description = refused(&[Code::InvalidRequest, Code::InvalidAmount, Code::IdempotencyKeyReused])),
    ))]
pub async fn split(
    state: web::Data<State>,
    id: PathId<StatementLineId>,
    change: Change<Statements, SplitRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    change
        .perform(&state, StatementCommand::Decide(id.0, request.parse()?))
        .await
}

/// Undo what was said of a line
///
/// The line is as we found it, and its money is in suspense again, as a new movement. A payment intent
/// that it had paid stays `succeeded` and is refunded in full; nobody sends money anywhere.
/// What was refunded meanwhile, or told as a refund, cannot be undone.
#[utoipa::path(post, path = "/v1/statement_lines/{id}/unmatch", tag = "Statements",
    operation_id = "unmatch_statement_line",
    params(("id" = StatementLineId, Path, description = "The line's id.")),
    request_body = UnmatchRequest,
    responses(
        (status = 200, description = "The line.", body = BankLineObject),
        (status = 409, description = refused(&[Code::InvalidState, Code::IdempotencyKeyInUse])),
        (status = 422, description = refused(&[Code::InvalidRequest, Code::CardNumberNotAllowed, Code::IdempotencyKeyReused])),
    ))]
pub async fn unmatch(
    state: web::Data<State>,
    id: PathId<StatementLineId>,
    change: Change<Statements, UnmatchRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    change
        .perform(&state, StatementCommand::Decide(id.0, request.parse()?))
        .await
}

/// Mark a line
///
/// `unrelated`: it is for no payment (fees, interest, transfers of your own); money that came is
/// yours, and its movement is resolved by `keep`. `reviewed`: somebody has looked at it, and it stays
/// as it is.
#[utoipa::path(post, path = "/v1/statement_lines/{id}/mark", tag = "Statements",
    operation_id = "mark_statement_line",
    params(("id" = StatementLineId, Path, description = "The line's id.")),
    request_body = MarkRequest,
    responses(
        (status = 200, description = "The line.", body = BankLineObject),
        (status = 409, description = refused(&[Code::InvalidState, Code::IdempotencyKeyInUse])),
        (status = 422, description = refused(&[Code::InvalidRequest, Code::CardNumberNotAllowed, Code::IdempotencyKeyReused])),
    ))]
pub async fn mark(
    state: web::Data<State>,
    id: PathId<StatementLineId>,
    change: Change<Statements, MarkRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    change
        .perform(&state, StatementCommand::Decide(id.0, request.parse()?))
        .await
}
