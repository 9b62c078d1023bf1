//! Attempts of payment intents.

use crate::http::route;
use crate::http::{
    Problem, State,
    answer::{self, List},
    extract::{Caller, Page, PageParams, PathId, ReadIntents},
};
use crate::{
    base::ids::{AttemptId, IntentId},
    domain::intents::{
        attempt::{AttemptObject, store},
        store as intents,
    },
};
use actix_web::{HttpResponse, web};

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/payment_intents/{id}/attempts").route(route::get(of_intent)));
}

/// List the attempts of a payment intent
///
/// Every request to a rail that the intent caused: to charge the payer, to capture or release what
/// is held, to give money back. Newest first.
#[utoipa::path(get, path = "/v1/payment_intents/{id}/attempts", tag = "Payment intents",
    operation_id = "list_attempts",
    params(("id" = IntentId, Path, description = "The intent's id."), PageParams),
    responses((status = 200, description = "A part of the list.", body = List<AttemptObject>)))]
pub async fn of_intent(
    state: web::Data<State>,
    caller: Caller<ReadIntents>,
    id: PathId<IntentId>,
    page: Page<AttemptId>,
) -> Result<HttpResponse, Problem> {
    intents::get(&state.pool, caller.merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    let window = page.window(|id| id.0);
    let turn = state.list_turn(caller.merchant).await?;
    let attempts = store::list(&turn, caller.merchant, id.0, window).await?;
    let printed = |id| AttemptId(id).to_string();
    answer::object(&List::of(&attempts, printed, |attempt| {
        AttemptObject::new(attempt, caller.mode)
    }))
}
