//! What operators ask: whether the process lives, whether it can work, and how it does.

use crate::base::db::{self, DbError};
use crate::base::problem::ProblemCode as Code;
use crate::http::openapi::problems::refused;
use crate::http::route;
use crate::http::{Problem, State};
use actix_web::{HttpResponse, guard, web};
use serde::Serialize;
use std::time::Instant;
use utoipa::ToSchema;

/// The paths of this file.
pub(in crate::http) const PATHS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The routes of this file. Only who spells them as they are reaches them: a proxy that refuses a
/// path compares letters, and must not be passed by `/%6detrics`.
pub fn routes(config: &mut web::ServiceConfig) {
    let at = |path: &'static str| {
        web::resource(path).guard(guard::fn_guard(move |context| {
            context.head().uri.path() == path
        }))
    };
    config
        .service(at("/healthz").route(route::get(healthz)))
        .service(at("/readyz").route(route::get(readyz)))
        .service(at("/metrics").route(route::get(metrics)));
}

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`; anything else is a problem.
    #[schema(example = "ok")]
    status: &'static str,
}

const OK: Health = Health { status: "ok" };

/// The process lives
///
/// Asks nothing of anyone, so that a sick database does not get a healthy process restarted.
#[utoipa::path(get, path = "/healthz", tag = "Operations",
    operation_id = "get_health", responses(
    (status = 200, description = "The process lives.", body = Health),
))]
pub async fn healthz() -> web::Json<Health> {
    web::Json(OK)
}

/// The service can work
///
/// The database answers, its schema has what this version needs (it may be a newer one), the clocks
/// agree, and what this process does in the background goes on: the lanes of the writer, the sending
/// of callbacks, and the other workers.
#[utoipa::path(get, path = "/readyz", tag = "Operations",
    operation_id = "get_readiness", responses(
    (status = 200, description = "Requests can be sent here.", body = Health),
    (status = 503, description = refused(&[
        Code::Unavailable, Code::SchemaOutdated, Code::ClockOff, Code::NotWorking,
    ])),
))]
pub async fn readyz(state: web::Data<State>) -> Result<web::Json<Health>, Problem> {
    if let Some(off) = state.clock.off() {
        return Err(Problem::new(Code::ClockOff, off.to_string()));
    }
    match db::check_schema(&state.pool).await {
        Ok(()) => {}
        Err(error @ DbError::Schema) => {
            return Err(Problem::new(Code::SchemaOutdated, error.to_string()));
        }
        Err(DbError::Sql(error)) => return Err(error.into()),
        Err(error) => return Err(Problem::unavailable().because(&error)),
    }
    let now = Instant::now();
    match state.writer.fault(now).or_else(|| state.pulse.fault(now)) {
        None => Ok(web::Json(OK)),
        Some(fault) => Err(Problem::new(Code::NotWorking, fault)),
    }
}

/// Metrics
///
/// In the Prometheus text format.
#[utoipa::path(get, path = "/metrics", tag = "Operations",
    operation_id = "get_metrics", responses(
    (status = 200, description = "All metrics of this process.", body = String, content_type = "text/plain"),
))]
pub async fn metrics(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(state.metrics.render())
}
