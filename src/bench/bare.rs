//! A route that answers with the same bytes whatever is asked: what a server built like ours does
//! at most. `threadpay bench` measures reads beside it.

use crate::http::server::Running;
use actix_web::{App, HttpResponse, HttpServer, web};
use bytes::Bytes;
use std::{io, net::TcpListener};

/// Serves `body` at every path of `listener` until it is stopped.
pub fn start(listener: TcpListener, body: Bytes) -> io::Result<Running> {
    let server = HttpServer::new(move || {
        let body = body.clone();
        let answer = move || {
            let answer = HttpResponse::Ok()
                .content_type("application/json")
                .body(body.clone());
            std::future::ready(answer)
        };
        App::new().default_service(web::to(answer))
    });
    Ok(Running::of(
        server.disable_signals().listen(listener)?.run(),
    ))
}
