//! The HTTP server: limits, patience, and what happens to requests that nobody takes.

use crate::app::{self, Reader};
use crate::http::extract::BODY_BYTES_MAX;
pub mod connection;
pub mod connection_state;
pub mod connections;
pub mod limit;
mod malformed;
mod tally;
pub mod turns;

use self::connection::Connection;
use self::connection_state::HEAD_PATIENCE;
use self::connections::Connections;
use self::malformed::Malformed;
use crate::http::{Problem, State, operations, request, routes};
use actix_http::{HttpService, error::DispatchError};
use actix_service::{ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::{AppConfig, Server, ServerHandle};
use actix_web::http::{KeepAlive, StatusCode};
use actix_web::{App, HttpResponse, middleware::from_fn, web, web::ServiceConfig};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::{fmt, future::ready, io, net::TcpListener, rc::Rc, thread, time::Duration};
use tokio::{net::TcpStream, task::JoinHandle};

/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a client may take to close its side.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);
/// How long requests that run may go on after the server was asked to stop, in seconds.
const STOP_PATIENCE: u64 = 30;
/// How long the server itself may take to end.
const LEAVE: Duration = Duration::from_secs(1);
/// Most connections at a time; an idle one costs 11 KB.
const CONNECTIONS_MAX: u64 = 16 * 1024;
/// Most connections of operators.
const OPERATOR_CONNECTIONS: usize = 64;
/// Files that stay free for what is not a client: the database, callbacks, and connections that
/// are about to end.
const FILES_KEPT: u64 = 256;

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
    pub fn of(server: Server) -> Self {
        let handle = server.handle();
        let task = tokio::spawn(server);
        Self { handle, task }
    }

    /// Takes no new requests, ends those that run, and returns when that is done or `grace` is
    /// over.
    pub async fn stop(mut self, grace: Duration) {
        // The word is sent by the call itself. What ends is the task: a caller who sends the server a
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
    start_with(listener, state, gathered_reads)
}

/// The same, with `reader` to make what each thread reads single intents by.
pub fn start_with(
    listener: TcpListener,
    state: State,
    reader: fn(&app::App) -> Reader,
) -> io::Result<Running> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let size = (threads, room().div_ceil(threads));
    let for_operators = state.config.operator_listen.is_none();
    serve(
        listener,
        web::Data::new(state),
        size,
        move |config, state| {
            config.app_data(web::Data::new(reader(state)));
            config.configure(routes);
            if for_operators {
                config.configure(operations::routes);
            }
        },
    )
}

/// Serves operators alone: health checks and metrics.
pub fn start_operators(listener: TcpListener, state: State) -> io::Result<Running> {
    let size = (1, OPERATOR_CONNECTIONS);
    serve(listener, web::Data::new(state), size, |config, _| {
        config.configure(operations::routes);
    })
}

/// Serves routes on so many threads, each with at most so many connections.
fn serve(
    listener: TcpListener,
    state: web::Data<State>,
    (threads, most): (usize, usize),
    routes: impl Fn(&mut ServiceConfig, &State) + Clone + Send + 'static,
) -> io::Result<Running> {
    let server = Server::build()
        .workers(threads)
        .shutdown_timeout(STOP_PATIENCE)
        .disable_signals();
    let stopping = server.graceful_shutdown_signal();
    let server = server.listen("http", listener, move || {
        let connections = Connections::new(most);
        actix_web::rt::spawn(connections::watch(Rc::downgrade(&connections)));
        let (stopping, host) = (stopping.clone(), AppConfig::default());
        let app = App::new()
            .app_data(state.clone())
            .app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
            .wrap(from_fn(request::observe))
            .configure(|config| routes(config, &state))
            .default_service(web::to(no_such_route));
        let http = HttpService::build()
            .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
            .client_request_timeout(HEAD_PATIENCE)
            .client_disconnect_timeout(CLOSE_PATIENCE)
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .on_connect_ext(|connection: &Connection<TcpStream>, data| {
                data.insert(Rc::clone(connection.state()));
            })
            .h1(map_config(app, move |()| host.clone()));
        let (ambient, root) = (state.ambient.clone(), state.urls.root());
        fn_service(move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            let state = connections.admit(peer.map(|peer| peer.ip()));
            let state = state.ok_or(DispatchError::DisconnectTimeout);
            let all = Rc::clone(&connections);
            let parser = Malformed::new(ambient.clone(), root.clone());
            ready(state.map(|state| (Connection::new(stream, state, all, parser), peer)))
        })
        .and_then(http)
    })?;
    Ok(Running::of(server.run()))
}

/// A reader for this thread, and its look-ups on it.
fn gathered_reads(app: &app::App) -> Reader {
    let (reader, lookups) = Reader::new(app.config.database.clone(), app.pool.clone());
    actix_web::rt::spawn(lookups);
    reader
}

/// How many connections there may be, after as many files are allowed as the system lets us: the
/// usual limit of 1,024 is for programs that use `select`.
fn room() -> usize {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((1024, 1024));
    let raised = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    let files = if raised.is_ok() { hard } else { soft };
    let most = files.saturating_sub(FILES_KEPT).max(files / 2);
    let most = most.min(CONNECTIONS_MAX);
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// The answer at a path that is none of ours.
pub async fn no_such_route() -> Result<HttpResponse, Problem> {
    Err(Problem::of_status(StatusCode::NOT_FOUND))
}
