//! The demo's bot: it asks for money over the API, as any bot would, and takes callbacks on a
//! port of its own.

use crate::{
    base::{
        crypto::mac,
        net::{Visit, VisitError, Visitor},
    },
    program::ProgramError,
};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// A callback as it arrived.
#[derive(Debug)]
pub(super) struct Arrived {
    id: String,
    timestamp: String,
    signatures: String,
    body: web::Bytes,
}

impl Arrived {
    /// Whether one of its signatures is that of `secret` (Standard Webhooks 1.0.0).
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let Some(key) = secret
            .strip_prefix("whsec_")
            .and_then(|key| STANDARD.decode(key).ok())
        else {
            return false;
        };
        let parts = [
            self.id.as_bytes(),
            b".",
            self.timestamp.as_bytes(),
            b".",
            &self.body,
        ];
        let right = |signature: &str| {
            let signature = signature
                .strip_prefix("v1,")
                .and_then(|text| STANDARD.decode(text).ok());
            signature.is_some_and(|mac| mac::verify(&key, &parts, &mac))
        };
        self.signatures.split(' ').any(right)
    }

    /// The event in it.
    pub fn event(&self) -> Result<Value, ProgramError> {
        serde_json::from_slice(&self.body)
            .map_err(|e| ProgramError::Failed(format!("the callback is not JSON: {e}")))
    }
}

/// A bot with an API key.
#[derive(Debug)]
pub(super) struct Bot {
    /// Where it takes callbacks.
    pub callback_url: String,
    /// The callbacks that arrived.
    pub callbacks: Receiver<Arrived>,
    base_url: String,
    api_key: String,
    visitor: Visitor,
}

impl Bot {
    /// A bot that calls the service at `base_url`.
    pub fn start(base_url: &str, api_key: &str, visitor: Visitor) -> Result<Self, ProgramError> {
        let (sender, callbacks) = mpsc::channel(100);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(sender.clone()))
                .route("/callback", web::post().to(take))
        });
        let server = server
            .workers(1)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .map_err(ProgramError::Runtime)?;
        let port = server.addrs().first().map_or(0, std::net::SocketAddr::port);
        tokio::spawn(server.run());
        let callback_url = format!("http://127.0.0.1:{port}/callback");
        Ok(Self {
            callback_url,
            callbacks,
            base_url: base_url.to_owned(),
            api_key: api_key.to_owned(),
            visitor,
        })
    }

    /// Posts to the API under an idempotency key and gives the answer's object.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Result<Value, ProgramError> {
        let authorization = format!("Bearer {}", self.api_key);
        let headers = [
            ("authorization", authorization.as_str()),
            ("idempotency-key", key),
            ("content-type", "application/json"),
        ];
        let answer = self
            .visitor
            .post(
                &format!("{}{path}", self.base_url),
                &headers,
                body.to_string(),
            )
            .await;
        object(path, answer)
    }

    /// Gets an object of the API.
    pub async fn get(&self, path: &str) -> Result<Value, ProgramError> {
        object(path, self.text(path).await)
    }

    /// Gets a text of the API.
    pub async fn text(&self, path: &str) -> Result<Visit, VisitError> {
        let authorization = format!("Bearer {}", self.api_key);
        self.visitor
            .get(
                &format!("{}{path}", self.base_url),
                &[("authorization", &authorization)],
            )
            .await
    }
}

fn object(path: &str, answer: Result<Visit, VisitError>) -> Result<Value, ProgramError> {
    let answer = answer
        .map_err(|e| ProgramError::Failed(format!("the service does not answer at {path}: {e}")))?;
    if (200..300).contains(&answer.status) {
        serde_json::from_str(&answer.body)
            .map_err(|e| ProgramError::Failed(format!("the answer of {path} is not JSON: {e}")))
    } else {
        Err(ProgramError::Failed(format!(
            "{path} answered {}: {}",
            answer.status, answer.body
        )))
    }
}

async fn take(
    request: HttpRequest,
    body: web::Bytes,
    arrived: web::Data<Sender<Arrived>>,
) -> HttpResponse {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let callback = Arrived {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signatures: header("webhook-signature"),
        body,
    };
    // A bot that is busy asks for the callback again.
    arrived
        .try_send(callback)
        .map_or_else(
            |_| HttpResponse::ServiceUnavailable(),
            |()| HttpResponse::NoContent(),
        )
        .finish()
}
