//! Settlements: what providers pay out, and what that is the sum of.

use crate::{
    base::ids::{RailAccountId, SettlementId, SettlementLineId},
    domain::settlements::{SettlementLineObject, SettlementObject, line, store},
    http::{
        Problem, State,
        answer::{self, List},
        extract::{Caller, Ledger, Page, PageParams, PathId, Query},
        route,
    },
};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::IntoParams;

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/settlements").route(route::get(list)))
        .service(web::resource("/settlements/{id}").route(route::get(get)))
        .service(web::resource("/settlements/{id}/lines").route(route::get(lines)));
}

/// Which settlements a list holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SettlementFilter {
    /// Those from this account.
    rail_account: Option<RailAccountId>,
}

/// List settlements
///
/// What providers pay out to your bank account, kept as soon as they say what it is the sum of. Nothing
/// of it is booked. Newest first.
#[utoipa::path(get, path = "/v1/settlements", tag = "Settlements",
    operation_id = "list_settlements", params(SettlementFilter, PageParams),
    responses((status = 200, description = "A part of the list.", body = List<SettlementObject>)))]
pub async fn list(
    state: web::Data<State>,
    caller: Caller<Ledger>,
    filter: Query<SettlementFilter>,
    page: Page<SettlementId>,
) -> Result<HttpResponse, Problem> {
    let window = page.window(|id| id.0);
    let turn = state.list_turn(caller.merchant).await?;
    let account = filter.0.rail_account;
    let settlements = store::list(&turn, caller.merchant, account, window).await?;
    let printed = |id| SettlementId(id).to_string();
    answer::object(&List::of(&settlements, printed, |settlement| {
        SettlementObject::new(settlement, caller.mode)
    }))
}

/// Get a settlement
#[utoipa::path(get, path = "/v1/settlements/{id}", tag = "Settlements",
    operation_id = "get_settlement",
    params(("id" = SettlementId, Path, description = "The settlement's id.")),
    responses((status = 200, description = "The settlement.", body = SettlementObject)))]
pub async fn get(
    state: web::Data<State>,
    caller: Caller<Ledger>,
    id: PathId<SettlementId>,
) -> Result<HttpResponse, Problem> {
    let settlement = store::get(&state.pool, caller.merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    answer::object(&SettlementObject::new(&settlement, caller.mode))
}

/// List the lines of a settlement
///
/// Charges, refunds, disputes and fees, each with what the provider keeps of it. The earliest first.
#[utoipa::path(get, path = "/v1/settlements/{id}/lines", tag = "Settlements",
    operation_id = "list_settlement_lines",
    params(("id" = SettlementId, Path, description = "The settlement's id."), PageParams),
    responses((status = 200, description = "A part of the list.", body = List<SettlementLineObject>)))]
pub async fn lines(
    state: web::Data<State>,
    caller: Caller<Ledger>,
    id: PathId<SettlementId>,
    page: Page<SettlementLineId>,
) -> Result<HttpResponse, Problem> {
    let found = store::get(&state.pool, caller.merchant, id.0).await?;
    found.ok_or_else(Problem::not_found)?;
    let window = page.window(|id| id.0);
    let turn = state.list_turn(caller.merchant).await?;
    let lines = line::store::list(&turn, (caller.merchant, id.0), window).await?;
    let printed = |id| SettlementLineId(id).to_string();
    answer::object(&List::of(&lines, printed, SettlementLineObject::from))
}
