//! The feed of events: what callbacks tell, for callers that ask.

use super::{
    Problem, State,
    answer::List,
    extract::{self, Callbacks, Caller, PathId, Query},
};
use crate::{
    callbacks::{Event, EventType, store},
    ids::EventId,
};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::IntoParams;

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/events").route(web::get().to(list)))
        .service(web::resource("/events/{id}").route(web::get().to(get)));
}

/// Which events a part of the feed holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// Begin after the event of this `sequence`; at the oldest if left out.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// Most events to give, 1 to 100; 20 if left out.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u8>,
    /// Those of this type.
    #[serde(rename = "type")]
    event_type: Option<EventType>,
    /// Those of payments that were asked for in this conversation.
    conversation: Option<String>,
}

/// An event's JSON exactly as a callback delivers it.
fn show(state: &State, stored: &[u8]) -> Result<Box<RawValue>, Problem> {
    let event = serde_json::from_slice(&state.urls.reveal(stored));
    event.map_err(|error| Problem::internal(&error))
}

/// List events
///
/// Oldest first: keep the `sequence` of the last event that you have seen and ask for what comes
/// `after` it. Sequences have no gaps. Each event has the same bytes as in a callback.
#[utoipa::path(get, path = "/v1/events", tag = "Events", operation_id = "list_events",
    params(FeedQuery),
    responses((status = 200, description = "A part of the feed.", body = List<Event>)))]
pub async fn list(
    state: web::Data<State>,
    caller: Caller<Callbacks>,
    query: Query<FeedQuery>,
) -> Result<HttpResponse, Problem> {
    let Query(query) = query;
    let after = query.after.unwrap_or(0);
    if after < 0 {
        let detail = "is the sequence of an event, or 0 for all";
        return Err(Problem::invalid("/after", detail));
    }
    let query = store::EventQuery {
        merchant: caller.merchant,
        after,
        event_type: query.event_type,
        conversation: query.conversation,
        limit: extract::limit(query.limit)?,
    };
    let (events, has_more) = store::events(&state.pool, &query).await?;
    let events: Result<Vec<_>, _> = events.iter().map(|event| show(&state, event)).collect();
    Ok(HttpResponse::Ok().json(List::new(events?, has_more)))
}

/// Get an event
#[utoipa::path(get, path = "/v1/events/{id}", tag = "Events", operation_id = "get_event",
    params(("id" = EventId, Path, description = "The event's id.")),
    responses((status = 200, description = "The event.", body = Event)))]
pub async fn get(
    state: web::Data<State>,
    caller: Caller<Callbacks>,
    id: PathId<EventId>,
) -> Result<HttpResponse, Problem> {
    let stored = store::event(&state.pool, caller.merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Ok().json(show(&state, &stored)?))
}
