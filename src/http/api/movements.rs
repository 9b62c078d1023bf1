//! Movements: money that no payment intent waits for.

use crate::base::problem::ProblemCode as Code;
use crate::http::openapi::problems::refused;
use crate::http::route;
use crate::http::{
    Problem, State,
    answer::{self, List},
    extract::{Caller, Change, Page, PageParams, PathId, Query, ReadIntents, ResolveMovements},
};
use crate::{
    base::ids::{IntentId, MovementId},
    domain::movements::{MovementObject, MovementStatus, ResolveRequest, store},
    writer::MovementCommand,
};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::IntoParams;

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/movements").route(route::get(list)))
        .service(web::resource("/movements/{id}").route(route::get(get)))
        .service(web::resource("/movements/{id}/resolve").route(route::post(resolve)));
}

/// Which movements a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MovementFilter {
    /// Those with this status.
    status: Option<MovementStatus>,
    /// Those that are probably for this payment intent.
    payment_intent: Option<IntentId>,
}

/// List movements
///
/// Money that came or went at a rail and that no payment intent waits for: it came late, twice, too
/// much, too little, in another currency or for nothing that is known, or the rail gave it back
/// without you. Each is in `suspense` until it is resolved. Newest first.
#[utoipa::path(get, path = "/v1/movements", tag = "Movements", operation_id = "list_movements",
    params(MovementFilter, PageParams),
    responses((status = 200, description = "A part of the list.", body = List<MovementObject>)))]
pub async fn list(
    state: web::Data<State>,
    caller: Caller<ReadIntents>,
    filter: Query<MovementFilter>,
    page: Page<MovementId>,
) -> Result<HttpResponse, Problem> {
    let filter = store::Filter {
        status: filter.0.status,
        intent: filter.0.payment_intent,
    };
    let window = page.window(|id| id.0);
    let turn = state.list_turn(caller.merchant).await?;
    let movements = store::list(&turn, caller.merchant, filter, window).await?;
    let printed = |id| MovementId(id).to_string();
    answer::object(&List::of(&movements, printed, |movement| {
        MovementObject::new(movement, caller.mode)
    }))
}

/// Get a movement
#[utoipa::path(get, path = "/v1/movements/{id}", tag = "Movements", operation_id = "get_movement",
    params(("id" = MovementId, Path, description = "The movement's id.")),
    responses((status = 200, description = "The movement.", body = MovementObject)))]
pub async fn get(
    state: web::Data<State>,
    caller: Caller<ReadIntents>,
    id: PathId<MovementId>,
) -> Result<HttpResponse, Problem> {
    let movement = store::get(&state.pool, caller.merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    answer::object(&MovementObject::new(&movement, caller.mode))
}

/// Resolve a movement
///
/// Takes it out of suspense. `accept`: it is the payment of the payment intent that it names, if that
/// still waits to be paid, otherwise money of yours for it; of money that went, a refund of it.
/// `assign`: the same for another payment intent, which must be for just as much. `refund`: the rail
/// gives it back. `keep`: it is yours, or your loss, and for no payment intent.
#[utoipa::path(post, path = "/v1/movements/{id}/resolve", tag = "Movements",
    operation_id = "resolve_movement",
    params(("id" = MovementId, Path, description = "The movement's id.")),
    request_body = ResolveRequest,
    responses(
        (status = 200, description = "The movement.", body = MovementObject),
        (status = 402, description = refused(&[Code::PaymentDeclined])),
        (status = 409, description = refused(&[Code::InvalidState, Code::IdempotencyKeyInUse])),
        (status = 422, description = refused(&[Code::InvalidRequest, Code::CardNumberNotAllowed, Code::IdempotencyKeyReused])),
    ))]
pub async fn resolve(
    state: web::Data<State>,
    id: PathId<MovementId>,
    change: Change<ResolveMovements, ResolveRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    change
        .perform(&state, MovementCommand::Resolve(id.0, request.parse()?))
        .await
}
