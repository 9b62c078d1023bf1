//! Deliveries of events to callback endpoints, and replays.

use crate::base::problem::ProblemCode as Code;
use crate::http::api::endpoints::check_own;
use crate::http::openapi::problems::refused;
use crate::http::route;
use crate::http::{
    Problem, State,
    answer::{self, List},
    extract::{Callbacks, Caller, Change, Page, PageParams, PathId, Query},
};
use crate::{
    base::ids::{DeliveryId, EndpointId, ReplayId},
    domain::callbacks::{
        CallbackDelivery, DeliveryStatus, ReplayObject,
        delivery::store::{self, DeliveryQuery},
        replay, store as endpoints,
    },
    writer::EndpointCommand,
};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::IntoParams;

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/callback_endpoints/{id}/deliveries").route(route::get(list)))
        .service(web::resource("/deliveries/{id}").route(route::get(get)))
        .service(web::resource("/deliveries/{id}/retry").route(route::post(retry)))
        .service(web::resource("/replays/{id}").route(route::get(get_replay)));
}

/// Which deliveries a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeliveryFilter {
    /// Those that stand so.
    status: Option<DeliveryStatus>,
}

/// List the deliveries of an endpoint
///
/// Newest event first, each with every attempt: when, how it was answered, how long it took and the
/// first of the answer. Deliveries are kept for 30 days.
#[utoipa::path(get, path = "/v1/callback_endpoints/{id}/deliveries", tag = "Callbacks",
    operation_id = "list_deliveries",
    params(("id" = EndpointId, Path, description = "The endpoint's id."), DeliveryFilter, PageParams),
    responses((status = 200, description = "A part of the list.", body = List<CallbackDelivery>)))]
pub async fn list(
    state: web::Data<State>,
    caller: Caller<Callbacks>,
    id: PathId<EndpointId>,
    filter: Query<DeliveryFilter>,
    page: Page<DeliveryId>,
) -> Result<HttpResponse, Problem> {
    let merchant = caller.merchant;
    endpoints::endpoint(&state.pool, merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    let query = DeliveryQuery {
        merchant,
        endpoint: id.0,
        status: filter.0.status,
        window: page.window(|id| id.0),
    };
    let turn = state.list_turn(merchant).await?;
    let (deliveries, has_more) = store::list(&turn, query).await?;
    answer::object(&List::new(
        deliveries.iter().map(CallbackDelivery::new).collect(),
        has_more,
    ))
}

/// Get a delivery
#[utoipa::path(get, path = "/v1/deliveries/{id}", tag = "Callbacks",
    operation_id = "get_delivery",
    params(("id" = DeliveryId, Path, description = "The delivery's id.")),
    responses((status = 200, description = "The delivery.", body = CallbackDelivery)))]
pub async fn get(
    state: web::Data<State>,
    caller: Caller<Callbacks>,
    id: PathId<DeliveryId>,
) -> Result<HttpResponse, Problem> {
    let delivery = store::find(&state.pool, caller.merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    answer::object(&CallbackDelivery::new(&delivery))
}

/// Retry a delivery
///
/// A bot can do this to deliveries of endpoints that it made itself.
///
/// Sends it again at once, whether it is exhausted, was delivered, or waits for its next attempt; if
/// it fails, the schedule begins anew.
#[utoipa::path(post, path = "/v1/deliveries/{id}/retry", tag = "Callbacks",
    operation_id = "retry_delivery",
    params(("id" = DeliveryId, Path, description = "The delivery's id.")),
    request_body = crate::http::api::links::Empty,
    responses(
        (status = 202, description = "The delivery, which is due now.", body = CallbackDelivery),
        (status = 409, description = refused(&[Code::InvalidState, Code::IdempotencyKeyInUse])),
    ))]
pub async fn retry(
    state: web::Data<State>,
    id: PathId<DeliveryId>,
    change: Change<Callbacks, crate::http::api::links::Empty>,
) -> Result<HttpResponse, Problem> {
    let (_, change) = change.split();
    let delivery = store::find(&state.pool, change.caller.merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    check_own(&state, &change.caller, delivery.endpoint).await?;
    let command = EndpointCommand::Retry(Box::new(delivery));
    change.perform(&state, command).await
}

/// Get a replay
#[utoipa::path(get, path = "/v1/replays/{id}", tag = "Callbacks",
    operation_id = "get_replay",
    params(("id" = ReplayId, Path, description = "The replay's id.")),
    responses((status = 200, description = "The replay.", body = ReplayObject)))]
pub async fn get_replay(
    state: web::Data<State>,
    caller: Caller<Callbacks>,
    id: PathId<ReplayId>,
) -> Result<HttpResponse, Problem> {
    let replay = replay::store::find(&state.pool, caller.merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    answer::object(&ReplayObject::from(&replay))
}
