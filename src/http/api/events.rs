//! The feed of events: what callbacks tell, for callers that ask.

use crate::base::problem::ProblemCode as Code;
use crate::http::route;
use crate::http::{
    Problem, State, answer,
    extract::{self, Callbacks, Caller, PathId, Query},
    request,
    server::connection_state::ConnectionState,
};
use crate::{
    app::WAITERS_OF_KEY,
    base::event_type::EventType,
    base::ids::{EventId, KeyId},
    domain::callbacks::{
        Event,
        feed::{self, EventQuery, Part},
    },
};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{rc::Rc, time::Duration};
use tokio::time::{Instant, sleep_until};
use utoipa::{IntoParams, ToSchema};

/// Longest wait for events, in seconds.
const WAIT_MAX: u64 = 30;

/// The routes of this file, below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/events").route(route::get(list)))
        .service(web::resource("/events/{id}").route(route::get(get)));
}

/// Which events a part of the feed holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// Begin after the event of this `sequence`, or with `latest` after all that has happened; at
    /// the oldest if left out.
    #[param(pattern = "^(latest|[0-9]{1,18})$", example = "1041")]
    after: Option<String>,
    /// Most events to give, 1 to 100; 20 if left out.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// Those of this type.
    #[serde(rename = "type")]
    event_type: Option<EventType>,
    /// Those of payments that were asked for in this conversation.
    conversation: Option<String>,
    /// Where there is nothing to give yet, wait so many seconds for it, 0 to 30; 0 if left out.
    #[param(minimum = 0, maximum = 30)]
    wait: Option<i64>,
}

/// A part of the feed, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventList {
    /// Always `list`.
    object: &'static str,
    /// The events of this part.
    #[schema(value_type = Vec<Event<'static>>)]
    data: Vec<Box<RawValue>>,
    /// Whether there are more already.
    has_more: bool,
    /// What to give as `after` the next time.
    next_after: i64,
}

/// An event's JSON exactly as a callback delivers it.
fn show(state: &State, stored: &[u8]) -> serde_json::Result<Box<RawValue>> {
    serde_json::from_slice(&state.urls.reveal(stored))
}

/// List events
///
/// Oldest first: ask again `after` the last answer's `next_after`. Sequences have no gaps. Each
/// event has the same bytes as in a callback. With `wait` the answer comes as soon as there is an
/// event to give; an answer without events says that the time is over, or that others need the place: ask again.
/// A key may have 64 requests waiting at a time. A part looks at 20,000 events: of a `type` or
/// `conversation` it may hold few or none while `has_more` is true.
#[utoipa::path(get, path = "/v1/events", tag = "Events", operation_id = "list_events",
    params(FeedQuery),
    responses((status = 200, description = "A part of the feed.", body = EventList)))]
pub async fn list(
    state: web::Data<State>,
    caller: Caller<Callbacks>,
    query: Query<FeedQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let Query(query) = query;
    let wait = u64::try_from(query.wait.unwrap_or(0)).ok();
    let wait = wait.filter(|wait| *wait <= WAIT_MAX).ok_or_else(|| {
        let detail = format!("must be an integer of seconds from 0 to {WAIT_MAX}");
        Problem::invalid("/wait", detail)
    })?;
    let query = EventQuery {
        merchant: caller.merchant,
        after: query.after.as_deref().map_or(Ok(Some(0)), after)?,
        event_type: query.event_type,
        conversation: query.conversation,
        limit: extract::limit(query.limit)?,
    };
    let part = if wait > 0 {
        let wait = Duration::from_secs(wait);
        wait_for(&state, &request, (caller.key, query), wait).await?
    } else if query.is_narrowed() {
        let turn = state.list_turn(caller.merchant).await?;
        feed::events(&turn, &query).await?
    } else {
        feed::events(&state.pool, &query).await?
    };
    // One that is no JSON hides no other.
    let data = part.events.iter().filter_map(|event| {
        let fault = |error: &serde_json::Error| {
            tracing::error!(merchant = %caller.merchant, %error, "an event cannot be read");
        };
        show(&state, event).inspect_err(fault).ok()
    });
    let mut answer = HttpResponse::Ok();
    if state.stopping.is_cancelled() {
        // A caller who asks again at once does so at another process, or at the next.
        answer.force_close();
    }
    Ok(answer.json(EventList {
        object: "list",
        data: data.collect(),
        has_more: part.has_more,
        next_after: part.next_after,
    }))
}

/// A place in the feed; none for its end.
fn after(text: &str) -> Result<Option<i64>, Problem> {
    if text == "latest" {
        return Ok(None);
    }
    let place = text.parse().ok().filter(|place| *place >= 0);
    let detail = "is the sequence of an event, 0 for all, or latest for those to come";
    place
        .map(Some)
        .ok_or_else(|| Problem::invalid("/after", detail))
}

/// What is asked for as soon as there is any of it; nothing when the time is over, the service
/// stops, or the place is needed. A caller who has waited must be allowed to ask still.
async fn wait_for(
    state: &State,
    request: &HttpRequest,
    (key, query): (KeyId, EventQuery),
    wait: Duration,
) -> Result<Part, Problem> {
    let end = Instant::now() + wait;
    let waiter = state.feeds.enter(key).ok_or_else(too_many)?;
    let connection = request.conn_data::<Rc<ConnectionState>>();
    let place = connection.map(|connection| Rc::clone(connection).wait());
    let gone = async {
        match &place {
            Some(place) => place.gone().await,
            None => std::future::pending().await,
        }
    };
    let over = async {
        tokio::select! {
            () = sleep_until(end) => {}
            () = state.stopping.cancelled() => {}
            () = waiter.is_needed() => {}
            () = gone => {}
        }
    };
    let part = state.feeds.wait(query, over).await?;
    request::authenticate_anew(state, request).await?;
    Ok(part)
}

fn too_many() -> Problem {
    let detail = format!(
        "{WAITERS_OF_KEY} requests with this key wait for events already: end some, or ask without wait"
    );
    Problem::new(Code::RateLimited, detail).retry_after(1)
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
    let stored = feed::event(&state.pool, caller.merchant, id.0)
        .await?
        .ok_or_else(Problem::not_found)?;
    let event = show(&state, &stored).map_err(|error| Problem::internal(&error))?;
    answer::object(&event)
}
