//! A bot's own server, which receives callbacks.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use standardwebhooks::Webhook;
use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
};

/// A callback as it came in.
#[derive(Clone, Debug)]
pub struct Received {
    pub headers: http::HeaderMap,
    pub body: Vec<u8>,
}

impl Received {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn id(&self) -> &str {
        self.headers["webhook-id"].to_str().unwrap()
    }

    /// Checks the signature with the official library.
    pub fn verify(&self, secret: &str) {
        let webhook = Webhook::new(secret).unwrap();
        webhook.verify(&self.body, &self.headers).unwrap();
    }
}

#[derive(Debug, Default)]
struct Inbox {
    received: Vec<Received>,
    /// Statuses to answer with, before all others are 200.
    answers: Vec<u16>,
}

/// The server.
pub struct Sink {
    pub url: String,
    inbox: Arc<Mutex<Inbox>>,
    handle: ServerHandle,
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn receive(
    request: HttpRequest,
    body: web::Bytes,
    inbox: web::Data<Mutex<Inbox>>,
) -> HttpResponse {
    let mut headers = http::HeaderMap::new();
    for (name, value) in request.headers() {
        let name: http::HeaderName = name.as_str().parse().unwrap();
        headers.append(name, value.to_str().unwrap().parse().unwrap());
    }
    let mut inbox = inbox.lock().unwrap();
    inbox.received.push(Received {
        headers,
        body: body.to_vec(),
    });
    let status = if inbox.answers.is_empty() {
        200
    } else {
        inbox.answers.remove(0)
    };
    HttpResponse::build(status.try_into().unwrap()).finish()
}

impl Sink {
    /// Starts a server that answers with these statuses first, and then always with 200.
    pub fn start(answers: &[u16]) -> Self {
        let inbox = web::Data::new(Mutex::new(Inbox {
            answers: answers.to_vec(),
            ..Inbox::default()
        }));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/callbacks", listener.local_addr().unwrap());
        let data = inbox.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .default_service(web::to(receive))
        });
        let server = server
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            url,
            inbox: inbox.into_inner(),
            handle,
        }
    }

    pub fn received(&self) -> Vec<Received> {
        self.inbox.lock().unwrap().received.clone()
    }
}
