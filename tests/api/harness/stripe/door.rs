//! How requests come in and answers go out, or do not: keys, repetitions and faults.

use super::{
    KEY,
    api::{self, Asked},
    memory::{Memory, Refusal},
};
use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Bytes},
};
use serde_json::json;
use std::{collections::HashMap, io, sync::Mutex};

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is done, and the connection breaks before the answer.
    LoseAnswer,
    /// It is not done, and the connection breaks.
    DropRequest,
    /// It is not done, and answered with this status and nothing else. It is not remembered.
    Status(u16),
    /// It is refused with this status and code. A repetition is refused as well, unless the status
    /// is 409 or 429.
    Refuse(u16, &'static str),
}

/// A request as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `GET` or `POST`.
    pub method: String,
    /// Such as `/v1/refunds`.
    pub path: String,
    /// The idempotency key.
    pub key: Option<String>,
    /// The form as it was written: the body, or what stands behind the path.
    pub body: String,
}

/// The account and what comes before it.
pub struct Door {
    /// The account.
    pub memory: Memory,
    /// All that came.
    pub calls: Vec<Call>,
    /// What goes wrong next, with which requests.
    pub faults: Vec<(String, Fault)>,
    /// Whether nothing is answered.
    pub is_down: bool,
    /// What was answered under each key, to which request.
    kept: HashMap<String, (Call, Reply)>,
}

#[derive(Clone, Debug)]
struct Reply {
    status: u16,
    body: String,
    is_lost: bool,
}

impl Reply {
    fn empty(status: u16) -> Self {
        Self {
            status,
            body: String::new(),
            is_lost: false,
        }
    }

    fn lost(self) -> Self {
        Self {
            is_lost: true,
            ..self
        }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self {
            body: json!({"error": refusal.error}).to_string(),
            ..Self::empty(refusal.status)
        }
    }
}

impl Door {
    /// An account that nobody has come to.
    pub fn new(memory: Memory) -> Self {
        Self {
            memory,
            calls: Vec::new(),
            faults: Vec::new(),
            is_down: false,
            kept: HashMap::new(),
        }
    }

    /// The fault that is meant for this request.
    fn fault(&mut self, call: &Call) -> Option<Fault> {
        let line = format!("{} {}", call.method, call.path);
        let at = self
            .faults
            .iter()
            .position(|(part, _)| line.contains(part))?;
        Some(self.faults.remove(at).1)
    }

    fn take(&mut self, call: &Call, stranger: Option<Refusal>) -> Reply {
        self.calls.push(call.clone());
        if self.is_down {
            return Reply::empty(503);
        }
        let fault = self.fault(call);
        match fault {
            Some(Fault::Status(status)) => return Reply::empty(status),
            Some(Fault::DropRequest) => return Reply::empty(200).lost(),
            Some(Fault::LoseAnswer | Fault::Refuse(..)) | None => {}
        }
        if let Some(refusal) = stranger {
            return refusal.into();
        }
        let refused = match fault {
            Some(Fault::Refuse(status, code)) => Some(Refusal::coded(status, code, "Refused.")),
            _ => None,
        };
        let reply = if call.method == "GET" {
            self.done(call, refused)
        } else {
            self.once(call, refused)
        };
        if fault == Some(Fault::LoseAnswer) {
            reply.lost()
        } else {
            reply
        }
    }

    /// Does what a key was not used for before.
    fn once(&mut self, call: &Call, refused: Option<Refusal>) -> Reply {
        let Some(key) = &call.key else {
            return Refusal::plain(400, "An Idempotency-Key is needed here.").into();
        };
        if let Some((before, reply)) = self.kept.get(key) {
            if before == call {
                return reply.clone();
            }
            let told = "Keys for idempotent requests can only be used with the same parameters.";
            let mut refusal = Refusal::plain(400, told);
            refusal.error["type"] = json!("idempotency_error");
            return refusal.into();
        }
        let reply = self.done(call, refused);
        if ![409, 429].contains(&reply.status) {
            self.kept.insert(key.clone(), (call.clone(), reply.clone()));
        }
        reply
    }

    fn done(&mut self, call: &Call, refused: Option<Refusal>) -> Reply {
        let form = url::form_urlencoded::parse(call.body.as_bytes());
        let asked = Asked {
            method: call.method.clone(),
            path: call.path.clone(),
            form: form.into_owned().collect(),
        };
        let answer = match refused {
            Some(refusal) => Err(refusal),
            None => api::answer(&mut self.memory, &asked),
        };
        match answer {
            Ok(object) => Reply {
                body: object.to_string(),
                ..Reply::empty(200)
            },
            Err(refusal) => refusal.into(),
        }
    }
}

/// Why a request is not listened to.
fn stranger(request: &HttpRequest) -> Option<Refusal> {
    let header = |name: &str| request.headers().get(name)?.to_str().ok();
    if header("authorization") != Some(&format!("Bearer {KEY}")) {
        let told = "Invalid API Key provided: sk_test_***";
        return Some(Refusal::plain(401, told));
    }
    let told = "A Stripe-Version is needed.";
    header("stripe-version")
        .is_none()
        .then(|| Refusal::plain(400, told))
}

/// Takes one request.
pub async fn receive(
    request: HttpRequest,
    body: Bytes,
    door: web::Data<Mutex<Door>>,
) -> HttpResponse {
    let path = request.path().to_owned();
    if path.starts_with("/pay/") {
        return HttpResponse::Ok().body("The payer pays here.");
    }
    let method = request.method().to_string();
    let body = match method.as_str() {
        "GET" => request.query_string().to_owned(),
        _ => String::from_utf8_lossy(&body).into_owned(),
    };
    let key = request.headers().get("idempotency-key");
    let call = Call {
        key: key.map(|key| key.to_str().unwrap().to_owned()),
        method,
        path,
        body,
    };
    let reply = door.lock().unwrap().take(&call, stranger(&request));
    let mut answer = HttpResponse::build(reply.status.try_into().unwrap());
    if reply.is_lost {
        let broken = async { Err::<Bytes, _>(io::Error::other("the connection breaks")) };
        return answer.streaming(futures_util::stream::once(broken));
    }
    answer.content_type("application/json").body(reply.body)
}

#[cfg(test)]
mod tests {
    use crate::harness::{Wire, stripe::StripePeer};

    #[tokio::test]
    async fn who_leaves_a_header_out_is_told_so() {
        let peer = StripePeer::start();
        let mut wire = Wire::open(peer.url()).await;
        let head = format!("Host: x\r\nAuthorization: Bearer {}\r\n", peer.key());
        let version = "Stripe-Version: 2026-10-28.endive\r\n";
        for (request, status, told) in [
            (
                format!("GET /pay/cs_test_1 HTTP/1.1\r\n{head}"),
                200,
                "pays",
            ),
            (
                format!("GET /v1/balance HTTP/1.1\r\n{head}"),
                400,
                "Stripe-Version",
            ),
            (
                format!("GET /v1/x HTTP/1.1\r\n{head}{version}"),
                404,
                "(GET: /v1/x)",
            ),
            (
                format!("POST /v1/refunds HTTP/1.1\r\n{head}{version}"),
                400,
                "Idempotency-Key",
            ),
        ] {
            let answer = wire.ask(format!("{request}\r\n").as_bytes()).await;
            assert_eq!(answer.0, status, "{}", answer.1);
            assert!(answer.1.contains(told), "{}", answer.1);
        }
    }
}
