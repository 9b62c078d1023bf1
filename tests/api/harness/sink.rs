//! A bot's own server, which receives callbacks.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use standardwebhooks::Webhook;
use std::{
    collections::VecDeque,
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
    /// What to answer with, before all others are 200.
    answers: VecDeque<Reply>,
}

/// How a callback is answered.
#[derive(Clone, Copy, Debug)]
struct Reply {
    status: u16,
    retry_after: Option<u32>,
}

impl From<&u16> for Reply {
    fn from(status: &u16) -> Self {
        Self {
            status: *status,
            retry_after: None,
        }
    }
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
    let reply = inbox.answers.pop_front();
    let mut answer =
        HttpResponse::build(reply.map_or(200, |reply| reply.status).try_into().unwrap());
    if let Some(seconds) = reply.and_then(|reply| reply.retry_after) {
        answer.insert_header(("retry-after", seconds.to_string()));
    }
    answer.body("thanks")
}

impl Sink {
    /// Starts a server that answers with these statuses first, and then always with 200.
    pub fn start(answers: &[u16]) -> Self {
        let inbox = web::Data::new(Mutex::new(Inbox {
            answers: answers.iter().map(Reply::from).collect(),
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

    /// Answers the next callbacks with these statuses.
    pub fn answer(&self, statuses: &[u16]) {
        let replies = statuses.iter().map(Reply::from);
        self.inbox.lock().unwrap().answers.extend(replies);
    }

    /// Answers the next callback with this status and asks to be left alone for so long.
    pub fn answer_later(&self, status: u16, seconds: u32) {
        let retry_after = Some(seconds);
        let reply = Reply {
            status,
            retry_after,
        };
        self.inbox.lock().unwrap().answers.push_back(reply);
    }

    /// The sequences of the events that came, in the order in which they came.
    pub fn sequences(&self) -> Vec<i64> {
        let received = self.received();
        let sequence = |callback: &Received| callback.json()["sequence"].as_i64().unwrap();
        received.iter().map(sequence).collect()
    }

    pub fn received(&self) -> Vec<Received> {
        self.inbox.lock().unwrap().received.clone()
    }
}
