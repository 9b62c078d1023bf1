//! The HTTP server: limits, patience, and what happens to requests that nobody takes.

use super::extract::BODY_BYTES_MAX;
use super::{Problem, State, request, routes};
use actix_web::http::{KeepAlive, StatusCode};
use actix_web::{App, HttpResponse, HttpServer, dev::Server, middleware::from_fn, web};
use std::{io, net::TcpListener, time::Duration};

/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long the head of a request may take to arrive.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// How long a client may take to close its side.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);
/// How long requests that run may go on after the server was told to stop, in seconds.
const STOP_PATIENCE: u64 = 30;

/// Serves `state` on `listener`. The server runs when it is awaited and stops when its handle says
/// so: it takes no new requests, ends those that run, then returns. Signals are left to the caller.
pub fn start(listener: TcpListener, state: web::Data<State>) -> io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
            .wrap(from_fn(request::observe))
            .configure(routes)
            .default_service(web::to(no_such_route))
    });
    let server = server
        .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
        .client_request_timeout(HEAD_PATIENCE)
        .client_disconnect_timeout(CLOSE_PATIENCE)
        .shutdown_timeout(STOP_PATIENCE)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

/// The answer at a path that is none of ours.
pub async fn no_such_route() -> Result<HttpResponse, Problem> {
    Err(Problem::of_status(StatusCode::NOT_FOUND))
}
