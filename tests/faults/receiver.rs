//! A bot's server: it checks every callback as it comes, and remembers what came.

use super::proxy::Proxy;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use serde_json::Value;
use standardwebhooks::Webhook;
use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// What came to one endpoint.
#[derive(Default)]
pub struct Inbox {
    secret: String,
    is_ordered: bool,
    /// The events by their ids.
    pub events: HashMap<String, Arrived>,
    /// Intents with the numbers of their events that were answered well.
    taken: HashSet<(String, u64)>,
    /// How often each came.
    pub arrivals: HashMap<String, usize>,
    /// What should not have been.
    pub wrong: Vec<String>,
}

/// What came as an event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Arrived {
    /// The fingerprint of its bytes.
    bytes: u64,
    /// The fingerprint of what they say.
    pub meaning: u64,
}

/// What all endpoints share.
struct Post {
    inboxes: Mutex<Vec<Inbox>>,
    /// How many of the next callbacks are answered with 500.
    failing: AtomicUsize,
}

/// The server, behind a proxy.
pub struct Receiver {
    pub proxy: Proxy,
    post: Arc<Post>,
    handle: ServerHandle,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::start(listener.local_addr().unwrap()).await;
        let post = web::Data::new(Post {
            inboxes: Mutex::default(),
            failing: AtomicUsize::new(0),
        });
        let data = post.clone();
        let server = HttpServer::new(move || {
            let receive = web::post().to(receive);
            App::new()
                .app_data(data.clone())
                .route("/{endpoint}", receive)
        });
        let server = server.workers(1).disable_signals().listen(listener);
        let server = server.unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            proxy,
            post: post.into_inner(),
            handle,
        }
    }

    /// The address of the next endpoint to be made.
    pub fn next_url(&self) -> String {
        let number = self.post.inboxes.lock().unwrap().len();
        format!("http://{}/{number}", self.proxy.address)
    }

    /// The endpoint of that address is made.
    pub fn expect(&self, endpoint: &Value) {
        let text = |name: &str| endpoint[name].as_str().unwrap();
        let inbox = Inbox {
            secret: text("secret").to_owned(),
            is_ordered: text("ordering") == "intent",
            ..Inbox::default()
        };
        self.post.inboxes.lock().unwrap().push(inbox);
    }

    /// Answers the next callbacks with 500.
    pub fn fail(&self, callbacks: usize) {
        self.post.failing.store(callbacks, Ordering::Relaxed);
    }

    /// What came, at the end.
    pub fn inboxes(&self) -> Vec<Inbox> {
        std::mem::take(&mut *self.post.inboxes.lock().unwrap())
    }
}

async fn receive(
    request: HttpRequest,
    body: web::Bytes,
    number: web::Path<usize>,
    post: web::Data<Post>,
) -> HttpResponse {
    let fails = |left: usize| left.checked_sub(1);
    let failing = &post.failing;
    let fails = failing.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fails);
    let mut headers = http::HeaderMap::new();
    for (name, value) in request.headers() {
        let name: http::HeaderName = name.as_str().parse().unwrap();
        headers.append(name, value.to_str().unwrap().parse().unwrap());
    }
    let mut inboxes = post.inboxes.lock().unwrap();
    if let Some(inbox) = inboxes.get_mut(*number) {
        inbox.take(&headers, &body, fails.is_err());
    }
    if fails.is_ok() {
        return HttpResponse::InternalServerError().body("not now");
    }
    HttpResponse::Ok().body("thanks")
}

impl Inbox {
    fn take(&mut self, headers: &http::HeaderMap, body: &[u8], is_taken: bool) {
        let verified = Webhook::new(&self.secret).unwrap().verify(body, headers);
        let event: Value = serde_json::from_slice(body).unwrap_or_default();
        let id = event["id"].as_str().unwrap_or_default().to_owned();
        if verified.is_err() || headers["webhook-id"] != *id {
            self.wrong.push(format!("signed wrongly: {event}"));
        }
        let arrived = Arrived {
            bytes: fingerprint(body),
            meaning: meaning(&event),
        };
        *self.arrivals.entry(id.clone()).or_default() += 1;
        let first = self.events.insert(id, arrived);
        if first.is_some_and(|first| first != arrived) {
            self.wrong.push(format!("came with other bytes: {event}"));
        }
        let Some((intent, number)) = place(&event) else {
            return;
        };
        let before = (intent.clone(), number - 1);
        if self.is_ordered && first.is_none() && number > 1 && !self.taken.contains(&before) {
            self.wrong.push(format!("came before its time: {event}"));
        }
        if is_taken {
            self.taken.insert((intent, number));
        }
    }
}

/// The intent that an event is about, and which of its events it is.
pub fn place(event: &Value) -> Option<(String, u64)> {
    let number = event["intent_sequence"].as_u64()?;
    let data = &event["data"];
    let intent = data.get("payment_intent").unwrap_or(&data["id"]);
    Some((intent.as_str()?.to_owned(), number))
}

/// The same for equal JSON, in whatever order its names stand.
pub fn meaning(event: &Value) -> u64 {
    fingerprint(event.to_string().as_bytes())
}

fn fingerprint(body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    hasher.finish()
}
