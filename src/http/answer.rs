//! Answers in the shapes that the API promises.

use crate::http::Problem;
use crate::{app::Performed, base::db::Part, domain::links::PageUrls};
use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
};
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A part of a list, newest first unless said otherwise.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    /// The objects of this part.
    data: Vec<T>,
    /// Whether there are more in the direction that was asked for.
    has_more: bool,
    /// Where to go on, as `after` or as `before`, if the search ended before this part was full. One
    /// request looks at 20,000 objects; what has no index (`status`, `channel`, `thread`) may be
    /// found rarely among them, or not at all. Left out otherwise: go on from the last object.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A part of a list.
    pub fn new(data: Vec<T>, has_more: bool) -> Self {
        Self {
            object: "list",
            data,
            has_more,
            next_cursor: None,
        }
    }

    /// What a store found, as the API gives it.
    pub fn of<'a, R>(
        part: &'a Part<R>,
        id: impl Fn(Uuid) -> String,
        view: impl Fn(&'a R) -> T,
    ) -> Self {
        Self {
            next_cursor: part.stopped_at.map(id),
            ..Self::new(part.rows.iter().map(view).collect(), part.has_more)
        }
    }
}

/// What most objects take in print, in bytes: with room from the start they are not copied while
/// they grow.
const USUAL: usize = 1536;

/// An object, or a list of them, as the answer.
pub fn object(object: &impl Serialize) -> Result<HttpResponse, Problem> {
    print(object).map(printed)
}

/// An object, or a list of them, as JSON.
pub fn print(object: &impl Serialize) -> Result<Bytes, Problem> {
    let mut body = Vec::with_capacity(USUAL);
    serde_json::to_writer(&mut body, object).map_err(|error| Problem::internal(&error))?;
    Ok(body.into())
}

/// What was printed, as the answer.
pub fn printed(body: Bytes) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(body)
}

/// The answer to a change, from the first request with its key or again.
pub fn performed(urls: &PageUrls, performed: Performed) -> HttpResponse {
    let Performed { answer, replayed } = performed;
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = if status.is_success() {
        "application/json"
    } else {
        "application/problem+json"
    };
    let mut response = HttpResponseBuilder::new(status);
    response.insert_header((header::CONTENT_TYPE, kind));
    if replayed {
        response.insert_header(("idempotent-replayed", "true"));
    }
    response.body(urls.reveal(&answer.body))
}
