//! The HTTP server: limits, patience, and what happens to requests that nobody takes.

use super::extract::BODY_BYTES_MAX;
use super::{Problem, State, request, routes};
use actix_web::http::{KeepAlive, StatusCode};
use actix_web::{
    App, HttpResponse, HttpServer, dev::Server, dev::ServerHandle, middleware::from_fn, web,
};
use std::{fmt, io, net::TcpListener, time::Duration};
use tokio::task::JoinHandle;

/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long the head of a request may take to arrive.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// How long a client may take to close its side.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);
/// How long requests that run may go on after the server was told to stop, in seconds.
const STOP_PATIENCE: u64 = 30;
/// How long the server itself may take to end.
const LEAVE: Duration = Duration::from_secs(1);

/// A server that runs.
pub struct Running {
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Running")
    }
}

impl Running {
    /// Lets a server run.
    pub(super) fn of(server: Server) -> Self {
        let handle = server.handle();
        let task = tokio::spawn(server);
        Self { handle, task }
    }

    /// Takes no new requests, ends those that run, and returns when that is done or `grace` is
    /// over.
    pub async fn stop(mut self, grace: Duration) {
        // The word is sent by the call itself. What ends is the task: whoever sends the server a
        // second word, and waits for its reply, may find that it left without reading it.
        drop(self.handle.stop(!grace.is_zero()));
        let ended = tokio::time::timeout(grace + LEAVE, &mut self.task);
        if ended.await.is_err() {
            self.task.abort();
        }
    }
}

/// Serves `state` on `listener` until it is stopped. Signals are left to the caller.
pub fn start(listener: TcpListener, state: State) -> io::Result<Running> {
    let state = web::Data::new(state);
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
    Ok(Running::of(server.run()))
}

/// The answer at a path that is none of ours.
pub async fn no_such_route() -> Result<HttpResponse, Problem> {
    Err(Problem::of_status(StatusCode::NOT_FOUND))
}
