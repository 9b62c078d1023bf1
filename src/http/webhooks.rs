//! The door for providers: `POST /webhooks/{cell}/{rail_account}`. A webhook is known by its signature,
//! kept once, and answered as soon as it is kept. What it tells is found out later, by asking.

use crate::base::problem::ProblemCode as Code;
use crate::http::extract::WebhookBody;
use crate::http::{Problem, State, visitors};
use crate::{
    base::{
        actor::Actor,
        ids::{CELL, RailAccountId},
    },
    domain::{
        auth,
        rail_accounts::{AccountCredentials, RailAccount, store},
        rail_events::RailEvent,
        rails::stripe::{self, Ring},
    },
    writer::{RailEventCommand, Submission},
};
use actix_web::{HttpRequest, HttpResponse, web};

/// The routes of this file.
pub fn routes(config: &mut web::ServiceConfig) {
    let resource = web::resource("/webhooks/{cell}/{account}");
    config.service(resource.route(web::post().to(take)));
}

/// A webhook: its signature first, and nothing is kept of one that nobody of ours has signed.
async fn take(
    state: web::Data<State>,
    request: HttpRequest,
    body: WebhookBody,
) -> Result<HttpResponse, Problem> {
    let address = request.peer_addr().map(|peer| peer.ip());
    let id = account_of(&request).ok_or_else(Problem::not_found)?;
    visitors::admit_subject(&state, &request, (address, id))?;
    let account = store::by_id(&state.pool, id).await?;
    let account = account.ok_or_else(Problem::not_found)?;
    let event = read(&state, &request, (account, &body.0)).await?;
    let submission = Submission {
        merchant: event.merchant,
        actor: Actor::Worker("webhooks"),
        bytes: event.body.len(),
        command: RailEventCommand::Keep(Box::new(event)).into(),
        claim: None,
        request_id: String::new(),
    };
    let kept = state.perform(submission).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .body(kept.answer.body))
}

fn account_of(request: &HttpRequest) -> Option<RailAccountId> {
    let path = request.match_info();
    let is_here = path.get("cell") == Some(CELL);
    path.get("account").filter(|_| is_here)?.parse().ok()
}

/// The event, if the account's provider has signed it.
async fn read(
    state: &State,
    request: &HttpRequest,
    (account, body): (RailAccount, &[u8]),
) -> Result<RailEvent, Problem> {
    let merchant = auth::store::merchant(&state.pool, account.merchant).await?;
    let merchant = merchant.ok_or_else(Problem::not_found)?;
    let opened = state.providers.open(&account, merchant.mode);
    let opened = opened.map_err(|error| Problem::internal(&error))?;
    let Some(AccountCredentials::Stripe(keys)) = opened else {
        return Err(Problem::not_found());
    };
    let header = request.headers().get("stripe-signature");
    let header = header.and_then(|value| value.to_str().ok());
    let now = state.ambient.now();
    stripe::verify(
        header.unwrap_or_default(),
        body,
        &[&keys.webhook_secret],
        now,
    )
    .map_err(|error| Problem::new(Code::Unauthorized, error.to_string()))?;
    let ring =
        Ring::read(body).map_err(|error| Problem::new(Code::BadRequest, error.to_string()))?;
    Ok(RailEvent {
        id: state.ambient.id(),
        merchant: account.merchant,
        account: account.id,
        external_id: ring.event_id.to_string(),
        event_type: ring.event_type,
        body: body.to_vec(),
        received_at: now,
    })
}
