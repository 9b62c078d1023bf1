//! Callback endpoints and their deliveries.

use super::{
    Problem, State,
    answer::{self, List},
    extract::{Callbacks, Caller, Change, Page, PageParams, PathId, Query},
};
use crate::{
    app::Performed,
    callbacks::{
        CallbackDelivery, CallbackEndpoint, DeletedEndpoint, DeliveryStatus, EndpointChanges,
        EndpointRequest, EndpointSecret, open_answer, store,
    },
    ids::{DeliveryId, EndpointId, MerchantId},
    net::UrlError,
    writer::Command,
};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::IntoParams;

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    let resource = |path: &str| web::resource(format!("/callback_endpoints{path}"));
    config
        .service(
            resource("")
                .route(web::post().to(create))
                .route(web::get().to(list)),
        )
        .service(
            resource("/{id}")
                .route(web::get().to(get))
                .route(web::patch().to(update))
                .route(web::delete().to(delete)),
        )
        .service(resource("/{id}/deliveries").route(web::get().to(deliveries)));
}

/// Make a callback endpoint
///
/// Events of the given types are posted to its URL from now on. The answer holds the `secret` that
/// verifies their signatures; no later answer does.
#[utoipa::path(post, path = "/v1/callback_endpoints", tag = "Callbacks",
    operation_id = "create_callback_endpoint",
    request_body = EndpointRequest,
    responses(
        (status = 201, description = "The endpoint, with its `secret`.", body = CallbackEndpoint, example = json!({
            "id": "ep_01m810zz1qf30stf80swm6wd6q", "object": "callback_endpoint", "livemode": false,
            "url": "https://bot.example.com/threadpay", "event_types": ["payment_intent.*"],
            "description": "The coffee bot", "status": "enabled",
            "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "created_at": "2026-11-22T07:02:11.779Z", "updated_at": "2026-11-22T07:02:11.779Z",
        })),
        (status = 422, description = "`endpoint_not_allowed`, `invalid_request`, `unknown_field`, `idempotency_key_reused`."),
    ))]
pub async fn create(
    state: web::Data<State>,
    change: Change<Callbacks, EndpointRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    let new = request.check(state.outbound.policy())?;
    state.outbound.check(new.url()).await.map_err(not_allowed)?;
    let owner = (change.caller.merchant, state.ambient.id());
    let sealed = EndpointSecret::generate(&state.ambient)
        .seal(&state.keyring.secrets, owner, &state.ambient)
        .map_err(|error| Problem::internal(&error))?;
    let command = Command::CreateEndpoint(owner.1, Box::new(new), sealed);
    let made = change.submit(&state, command).await?;
    let made = with_open_secret(&state, owner.0, made)?;
    Ok(answer::performed(&state.urls, made))
}

fn not_allowed(error: UrlError) -> Problem {
    Problem::new(422, "endpoint_not_allowed", error.to_string()).at("/url")
}

/// The answer as its caller gets it. It may be that of an earlier request with the same key, so
/// the endpoint whose secret is in it is the one that it names itself.
fn with_open_secret(
    state: &State,
    merchant: MerchantId,
    mut made: Performed,
) -> Result<Performed, Problem> {
    #[derive(Deserialize)]
    struct Named {
        id: EndpointId,
    }
    let stored = String::from_utf8_lossy(&made.answer.body);
    let Named { id } = serde_json::from_str(&stored).map_err(|error| Problem::internal(&error))?;
    let open = |sealed: &[u8]| {
        let secret = EndpointSecret::open(&state.keyring.secrets, (merchant, id), sealed);
        secret.ok().map(|secret| secret.reveal())
    };
    let body = open_answer(&stored, open)
        .ok_or_else(|| Problem::internal(&format!("the secret of {id} does not open")))?;
    made.answer.body = body.into_bytes();
    Ok(made)
}

/// List callback endpoints
///
/// Newest first.
#[utoipa::path(get, path = "/v1/callback_endpoints", tag = "Callbacks",
    operation_id = "list_callback_endpoints", params(PageParams),
    responses((status = 200, description = "A part of the list.", body = List<CallbackEndpoint>)))]
pub async fn list(
    state: web::Data<State>,
    caller: Caller<Callbacks>,
    page: Page<EndpointId>,
) -> Result<HttpResponse, Problem> {
    let window = page.window(|id| id.0);
    // A merchant has few: the writer loads them all for every event.
    let mut endpoints = store::endpoints(&state.pool, caller.merchant).await?;
    endpoints.retain(|endpoint| window.holds(endpoint.id.0));
    let (endpoints, has_more) = window.cut(endpoints);
    Ok(HttpResponse::Ok().json(List::new(
        endpoints.iter().map(CallbackEndpoint::new).collect(),
        has_more,
    )))
}

/// Get a callback endpoint
#[utoipa::path(get, path = "/v1/callback_endpoints/{id}", tag = "Callbacks",
    operation_id = "get_callback_endpoint",
    params(("id" = EndpointId, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "The endpoint.", body = CallbackEndpoint)))]
pub async fn get(
    state: web::Data<State>,
    caller: Caller<Callbacks>,
    id: PathId<EndpointId>,
) -> Result<HttpResponse, Problem> {
    let endpoint = store::endpoint(&state.pool, caller.merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Ok().json(CallbackEndpoint::new(&endpoint)))
}

/// Change a callback endpoint
///
/// What is left out stays as it is. While an endpoint is disabled, its deliveries are held.
#[utoipa::path(patch, path = "/v1/callback_endpoints/{id}", tag = "Callbacks",
    operation_id = "update_callback_endpoint",
    params(("id" = EndpointId, Path, description = "The endpoint's id.")),
    request_body = EndpointChanges,
    responses(
        (status = 200, description = "The endpoint.", body = CallbackEndpoint),
        (status = 422, description = "`endpoint_not_allowed`, `invalid_request`, `unknown_field`."),
    ))]
pub async fn update(
    state: web::Data<State>,
    id: PathId<EndpointId>,
    change: Change<Callbacks, EndpointChanges>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    let patch = request.check(state.outbound.policy())?;
    if let Some(url) = patch.url() {
        state.outbound.check(url).await.map_err(not_allowed)?;
    }
    let command = Command::UpdateEndpoint(id.0, Box::new(patch));
    change.perform(&state, command).await
}

/// Delete a callback endpoint
///
/// What it is still owed is never sent.
#[utoipa::path(delete, path = "/v1/callback_endpoints/{id}", tag = "Callbacks",
    operation_id = "delete_callback_endpoint",
    params(("id" = EndpointId, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "It is deleted.", body = DeletedEndpoint)))]
pub async fn delete(
    state: web::Data<State>,
    id: PathId<EndpointId>,
    change: Change<Callbacks, super::links::Empty>,
) -> Result<HttpResponse, Problem> {
    let (_, change) = change.split();
    change.perform(&state, Command::DeleteEndpoint(id.0)).await
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
/// Newest first, each with its last try.
#[utoipa::path(get, path = "/v1/callback_endpoints/{id}/deliveries", tag = "Callbacks",
    operation_id = "list_deliveries",
    params(("id" = EndpointId, Path, description = "The endpoint's id."), DeliveryFilter, PageParams),
    responses((status = 200, description = "A part of the list.", body = List<CallbackDelivery>)))]
pub async fn deliveries(
    state: web::Data<State>,
    caller: Caller<Callbacks>,
    id: PathId<EndpointId>,
    filter: Query<DeliveryFilter>,
    page: Page<DeliveryId>,
) -> Result<HttpResponse, Problem> {
    let merchant = caller.merchant;
    store::endpoint(&state.pool, merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    let query = store::DeliveryQuery {
        merchant,
        endpoint: id.0,
        status: filter.0.status,
        window: page.window(|id| id.0),
    };
    let (deliveries, has_more) = store::deliveries(&state.pool, query).await?;
    Ok(HttpResponse::Ok().json(List::new(
        deliveries.iter().map(CallbackDelivery::new).collect(),
        has_more,
    )))
}
