//! Callback endpoints.

use crate::base::problem::ProblemCode as Code;
use crate::http::openapi::problems::refused;
use crate::http::route;
use crate::http::{
    Problem, State,
    answer::{self, List},
    extract::{Callbacks, Caller, Change, Page, PageParams, PathId},
};
use crate::{
    app::Performed,
    base::{
        ids::{EndpointId, MerchantId},
        net::UrlError,
    },
    domain::auth::{Principal, Role},
    domain::callbacks::{
        CallbackDelivery, CallbackEndpoint, DeletedEndpoint, EndpointChanges, EndpointHealth,
        EndpointRequest, EndpointSecret, NewSecret, ReplayObject, ReplayRequest, RotateRequest,
        health, open_answer, replay, store,
    },
    writer::EndpointCommand,
};
use actix_web::{HttpResponse, web};
use serde::Deserialize;

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    let resource = |path: &str| web::resource(format!("/callback_endpoints{path}"));
    config
        .service(
            resource("")
                .route(route::post(create))
                .route(route::get(list)),
        )
        .service(
            resource("/{id}")
                .route(route::get(get))
                .route(route::patch(update))
                .route(route::delete(delete)),
        )
        .service(resource("/{id}/rotate_secret").route(route::post(rotate_secret)))
        .service(resource("/{id}/ping").route(route::post(ping)))
        .service(resource("/{id}/replay").route(route::post(replay)));
}

/// Make a callback endpoint
///
/// Events of the given types are posted to its URL from now on. The answer holds the `secret` that
/// verifies their `v1` signatures, which no later answer does, and the `public_key` that verifies
/// `v1a`. A merchant has at most 16 endpoints, each with a URL of its own.
#[utoipa::path(post, path = "/v1/callback_endpoints", tag = "Callbacks",
    operation_id = "create_callback_endpoint",
    request_body = EndpointRequest,
    responses(
        (status = 201, description = "The endpoint, with its `secret`.", body = CallbackEndpoint, example = json!({
            "id": "ep_01m810zz1qf30stf80swm6wd6q", "object": "callback_endpoint", "livemode": false,
            "url": "https://bot.example.com/threadpay", "event_types": ["payment_intent.*"],
            "description": "The coffee bot", "status": "enabled", "disabled_reason": null,
            "ordering": "intent", "stripe_signature": false,
            "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "public_key": "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
            "created_at": "2026-11-22T07:02:11.779Z", "updated_at": "2026-11-22T07:02:11.779Z",
            "health": {"status": "healthy", "failing_since": null, "paused_until": null, "last_error": null},
            "created_by": "key_01m8110v1efskssz8jk25f5p38",
        })),
        (status = 409, description = refused(&[Code::DuplicateEndpoint, Code::TooManyEndpoints, Code::IdempotencyKeyInUse])),
        (status = 422, description = refused(&[Code::EndpointNotAllowed, Code::CardNumberNotAllowed, Code::InvalidRequest, Code::UnknownField, Code::IdempotencyKeyReused])),
    ))]
pub async fn create(
    state: web::Data<State>,
    change: Change<Callbacks, EndpointRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    let new = request.check(state.outbound.policy())?;
    state.outbound.check(new.url()).await.map_err(not_allowed)?;
    let owner = (change.caller.merchant, state.ambient.id());
    let command = EndpointCommand::Create(owner.1, Box::new(new), new_secret(&state, owner)?);
    let made = change.submit(&state, command).await?;
    let made = with_open_secret(&state, owner.0, made)?;
    Ok(answer::performed(&state.urls, made))
}

fn new_secret(state: &State, owner: (MerchantId, EndpointId)) -> Result<NewSecret, Problem> {
    let secret = EndpointSecret::generate(&state.ambient);
    let sealed = secret.seal(&state.keyring.secrets, owner, &state.ambient);
    Ok(NewSecret {
        sealed: sealed.map_err(|error| Problem::internal(&error))?,
        public_key: secret.public_key(),
    })
}

fn not_allowed(error: UrlError) -> Problem {
    Problem::new(Code::EndpointNotAllowed, error.to_string()).at("/url")
}

/// The answer as its caller gets it. It may be that of an earlier request with the same key, so
/// the endpoint whose secret is in it is the one that it names itself. A refusal that was kept
/// holds no secret.
fn with_open_secret(
    state: &State,
    merchant: MerchantId,
    mut made: Performed,
) -> Result<Performed, Problem> {
    #[derive(Deserialize)]
    struct Named {
        id: EndpointId,
    }
    if made.answer.status >= 400 {
        return Ok(made);
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
/// Newest first. A bot sees all of its merchant's, so that it finds what it may not make twice.
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
    let mut reports = health::store::reports(&state.pool, caller.merchant).await?;
    let now = state.ambient.now();
    let views = endpoints.iter().map(|endpoint| {
        let report = reports.remove(&endpoint.id);
        let health = report.map(|report| EndpointHealth::new(report, now));
        CallbackEndpoint::with_health(endpoint, caller.mode, health)
    });
    answer::object(&List::new(views.collect(), has_more))
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
    let mut reports = health::store::reports(&state.pool, caller.merchant).await?;
    let report = reports.remove(&id.0);
    let health = report.map(|report| EndpointHealth::new(report, state.ambient.now()));
    answer::object(&CallbackEndpoint::with_health(
        &endpoint,
        caller.mode,
        health,
    ))
}

/// Lets a bot change nothing but what it made itself: another key relies on the rest. An endpoint
/// that is not there is left to the command, which may have been done before.
pub(super) async fn check_own(
    state: &State,
    caller: &Principal,
    id: EndpointId,
) -> Result<(), Problem> {
    if caller.role != Role::Bot {
        return Ok(());
    }
    let endpoint = store::endpoint(&state.pool, caller.merchant, id).await?;
    let own = caller.key.to_string();
    if endpoint.is_none_or(|endpoint| endpoint.created_by == Some(own)) {
        return Ok(());
    }
    let detail = "this endpoint was made by another key: a bot changes only endpoints that it made itself, a key of the role merchant all of them";
    Err(Problem::forbidden(detail))
}

/// Change a callback endpoint
///
/// A bot can do this to endpoints that it made itself.
///
/// What is left out stays as it is. While an endpoint is disabled its deliveries are held, for 30
/// days; once it is enabled again they are sent in order.
#[utoipa::path(patch, path = "/v1/callback_endpoints/{id}", tag = "Callbacks",
    operation_id = "update_callback_endpoint",
    params(("id" = EndpointId, Path, description = "The endpoint's id.")),
    request_body = EndpointChanges,
    responses(
        (status = 200, description = "The endpoint.", body = CallbackEndpoint),
        (status = 409, description = refused(&[Code::DuplicateEndpoint])),
        (status = 422, description = refused(&[Code::EndpointNotAllowed, Code::CardNumberNotAllowed, Code::InvalidRequest, Code::UnknownField])),
    ))]
pub async fn update(
    state: web::Data<State>,
    id: PathId<EndpointId>,
    change: Change<Callbacks, EndpointChanges>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    check_own(&state, &change.caller, id.0).await?;
    let patch = request.check(state.outbound.policy())?;
    if let Some(url) = patch.url() {
        state.outbound.check(url).await.map_err(not_allowed)?;
    }
    let command = EndpointCommand::Update(id.0, Box::new(patch));
    change.perform(&state, command).await
}

/// Delete a callback endpoint
///
/// A bot can do this to endpoints that it made itself.
///
/// What is still due to it is never sent.
#[utoipa::path(delete, path = "/v1/callback_endpoints/{id}", tag = "Callbacks",
    operation_id = "delete_callback_endpoint",
    params(("id" = EndpointId, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "It is deleted.", body = DeletedEndpoint)))]
pub async fn delete(
    state: web::Data<State>,
    id: PathId<EndpointId>,
    change: Change<Callbacks, crate::http::api::links::Empty>,
) -> Result<HttpResponse, Problem> {
    let (_, change) = change.split();
    check_own(&state, &change.caller, id.0).await?;
    change.perform(&state, EndpointCommand::Delete(id.0)).await
}

/// Rotate the secret of a callback endpoint
///
/// A bot can do this to endpoints that it made itself.
///
/// Makes a new `secret` and `public_key`, which this answer alone shows. Until the `overlap` is
/// over every delivery is signed with the old secret too, so that receivers can change over
/// without losing one. At most five secrets sign at a time.
#[utoipa::path(post, path = "/v1/callback_endpoints/{id}/rotate_secret", tag = "Callbacks",
    operation_id = "rotate_callback_secret",
    params(("id" = EndpointId, Path, description = "The endpoint's id.")),
    request_body = RotateRequest,
    responses(
        (status = 200, description = "The endpoint, with its new `secret`.", body = CallbackEndpoint),
        (status = 409, description = refused(&[Code::TooManySecrets, Code::IdempotencyKeyInUse])),
        (status = 422, description = refused(&[Code::InvalidRequest, Code::UnknownField, Code::IdempotencyKeyReused])),
    ))]
pub async fn rotate_secret(
    state: web::Data<State>,
    id: PathId<EndpointId>,
    change: Change<Callbacks, RotateRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    check_own(&state, &change.caller, id.0).await?;
    let overlap = request.check()?;
    let owner = (change.caller.merchant, id.0);
    let command = EndpointCommand::RotateSecret(id.0, overlap, new_secret(&state, owner)?);
    let made = change.submit(&state, command).await?;
    let made = with_open_secret(&state, owner.0, made)?;
    Ok(answer::performed(&state.urls, made))
}

/// Ping a callback endpoint
///
/// A bot can do this to endpoints that it made itself.
///
/// Sends it an event of type `ping`, whatever types it takes, five times a minute at most. Ask for
/// the delivery to see how it went.
#[utoipa::path(post, path = "/v1/callback_endpoints/{id}/ping", tag = "Callbacks",
    operation_id = "ping_callback_endpoint",
    params(("id" = EndpointId, Path, description = "The endpoint's id.")),
    request_body = crate::http::api::links::Empty,
    responses(
        (status = 202, description = "The delivery that is under way.", body = CallbackDelivery),
        (status = 409, description = refused(&[Code::InvalidState, Code::IdempotencyKeyInUse])),
        (status = 429, description = refused(&[Code::TooManyPings, Code::RateLimited])),
    ))]
pub async fn ping(
    state: web::Data<State>,
    id: PathId<EndpointId>,
    change: Change<Callbacks, crate::http::api::links::Empty>,
) -> Result<HttpResponse, Problem> {
    let (_, change) = change.split();
    check_own(&state, &change.caller, id.0).await?;
    change.perform(&state, EndpointCommand::Ping(id.0)).await
}

/// Replay events to a callback endpoint
///
/// A bot can do this to endpoints that it made itself.
///
/// Sends a part of the feed again, of the types that the endpoint takes, delivered before or
/// not: the events after a `sequence`, or those of a time. The events keep their ids. It is worked
/// off in the background and survives a restart; ask for the replay to see how far it has come. An
/// endpoint has one at a time.
#[utoipa::path(post, path = "/v1/callback_endpoints/{id}/replay", tag = "Callbacks",
    operation_id = "replay_events",
    params(("id" = EndpointId, Path, description = "The endpoint's id.")),
    request_body = ReplayRequest,
    responses(
        (status = 202, description = "The replay that is under way.", body = ReplayObject),
        (status = 409, description = refused(&[Code::InvalidState, Code::ReplayRunning, Code::IdempotencyKeyInUse])),
        (status = 422, description = refused(&[Code::InvalidRequest, Code::UnknownField, Code::IdempotencyKeyReused])),
    ))]
pub async fn replay(
    state: web::Data<State>,
    id: PathId<EndpointId>,
    change: Change<Callbacks, ReplayRequest>,
) -> Result<HttpResponse, Problem> {
    let (request, change) = change.split();
    check_own(&state, &change.caller, id.0).await?;
    let range = request.check()?;
    let merchant = change.caller.merchant;
    let (after, through) = replay::store::places(&state.pool, merchant, range).await?;
    let command = EndpointCommand::Replay(id.0, after, through);
    change.perform(&state, command).await
}
