//! What every answer has, seen from outside; no database is needed for it.

use super::extract::{Body, Caller, IdempotencyKeyHeader, PathId, WriteIntents};
use super::*;
use crate::ambient::Ambient;
use crate::auth::{Principal, Role};
use crate::config::Config;
use crate::crypto::{Keyring, MasterKey};
use crate::db::Db;
use crate::ids::{IntentId, KeyId, MerchantId};
use crate::telemetry::Metrics;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpMessage, HttpResponse};
use serde_json::Value;
use sqlx::postgres::PgPoolOptions;
use std::num::NonZeroU32;
use std::time::Duration;
use uuid::Uuid;

/// A state whose database nobody is at.
fn state() -> web::Data<State> {
    let url = "postgres://nobody@127.0.0.1:1/nowhere";
    let (master, ambient) = (MasterKey::new([1; 32]), Ambient::system());
    let rows = Keyring::generate(&master, &ambient).unwrap();
    let keyring = Keyring::open(&master, &rows).unwrap();
    let listen = "127.0.0.1:8080".parse().unwrap();
    let mut config = Config::new(Db::from_url(url).unwrap(), listen, master);
    config.rate_limit = NonZeroU32::new(1);
    let pool = PgPoolOptions::new()
        .acquire_timeout(Duration::from_millis(50))
        .connect_lazy(url)
        .unwrap();
    web::Data::new(State::new(
        pool,
        keyring,
        Metrics::new().unwrap(),
        config,
        ambient,
    ))
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    async fn of<B: MessageBody>(answer: ServiceResponse<B>) -> Self {
        Self {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: serde_json::from_slice(&read_body(answer).await).unwrap_or_default(),
        }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap().to_str().unwrap()
    }

    /// Every answer carries the id of its request, and an error says it again.
    fn check(&self, status: u16, code: &str) {
        assert_eq!((self.status, &self.body["code"]), (status, &code.into()));
        let id = self.header("request-id");
        assert!(id.starts_with("req_") && id.len() == 30, "{id}");
        assert_eq!(self.body["request_id"], id);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.header("x-content-type-options"), "nosniff");
    }
}

async fn ask(state: web::Data<State>, request: TestRequest) -> Answer {
    let app = App::new()
        .app_data(state)
        .wrap(from_fn(request::observe))
        .configure(routes)
        .default_service(web::to(server::no_such_route));
    let app = init_service(app).await;
    Answer::of(call_service(&app, request.to_request()).await).await
}

#[actix_web::test]
async fn a_path_or_method_that_nobody_takes_is_a_problem() {
    let request = TestRequest::get().uri("/secret-token-in-a-path");
    let state = state();
    ask(state.clone(), request)
        .await
        .check(404, "no_such_route");
    assert!(!state.metrics.render().contains("secret-token"));
    let answer = ask(state, TestRequest::delete().uri("/healthz")).await;
    answer.check(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET");
}

#[actix_web::test]
async fn the_process_lives_without_a_database_but_is_not_ready() {
    let answer = ask(state(), TestRequest::get().uri("/healthz")).await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &"ok".into()));
    let answer = ask(state(), TestRequest::get().uri("/readyz")).await;
    answer.check(503, "unavailable");
    assert_eq!(answer.header("retry-after"), "1");
}

#[actix_web::test]
async fn a_stranger_learns_nothing_but_that() {
    let request = || TestRequest::post().uri("/v1/payment_intents");
    let answer = ask(state(), request()).await;
    answer.check(401, "unauthorized");
    assert_eq!(
        answer.header("www-authenticate"),
        "Bearer realm=\"threadpay\""
    );
    let bearer = ("authorization", "Bearer sk_live_1");
    let answer = ask(state(), request().insert_header(bearer)).await;
    answer.check(401, "unauthorized");
    assert!(answer.header("www-authenticate").contains("invalid_token"));
}

#[actix_web::test]
async fn a_key_that_cannot_be_looked_up_is_not_called_wrong() {
    let key = crate::auth::NewApiKey::generate(
        &Ambient::system(),
        MerchantId(Uuid::from_u128(1)),
        Role::Bot,
    );
    let bearer = ("authorization", format!("Bearer {}", key.text()));
    let request = TestRequest::get().uri("/v1/x").insert_header(bearer);
    ask(state(), request).await.check(503, "unavailable");
}

#[actix_web::test]
async fn oauth_speaks_its_own_dialect() {
    let form = |text: &'static str| {
        TestRequest::post()
            .uri("/v1/oauth/token")
            .insert_header(("content-type", "application/x-www-form-urlencoded"))
            .set_payload(text)
    };
    for (body, status, error) in [
        ("grant_type=password", 400, "unsupported_grant_type"),
        ("client_id=1", 400, "invalid_request"),
        ("grant_type=client_credentials", 401, "invalid_client"),
        (
            "grant_type=client_credentials&client_id=key_1&client_secret=x",
            401,
            "invalid_client",
        ),
    ] {
        let answer = ask(state(), form(body)).await;
        assert_eq!(
            (answer.status, &answer.body["error"]),
            (status, &error.into())
        );
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[actix_web::test]
async fn arguments_speak_from_left_to_right() {
    type Input = Body<std::collections::BTreeMap<String, String>>;
    async fn handler(
        _: Caller<WriteIntents>,
        _: PathId<IntentId>,
        _: IdempotencyKeyHeader,
        body: Input,
    ) -> HttpResponse {
        HttpResponse::Ok().json(body.json)
    }
    let app = App::new()
        .app_data(state())
        .wrap(from_fn(request::observe))
        .route("/i/{id}", web::post().to(handler));
    let app = init_service(app).await;
    let id = IntentId(Uuid::from_u128(1)).to_string();
    let json = Some("application/json");
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(64 * 1024));
    let sound = r#"{"a":"b"}"#;
    for (role, id, key, kind, body, expected) in [
        (Role::Finance, "x", "", None, "{", (403, "forbidden")),
        (Role::Bot, "x", "", None, "{", (404, "not_found")),
        (
            Role::Bot,
            &*id,
            "",
            None,
            "{",
            (400, "idempotency_key_required"),
        ),
        (
            Role::Bot,
            &id,
            "k",
            None,
            "{",
            (415, "unsupported_media_type"),
        ),
        (Role::Bot, &id, "k", json, "{", (400, "invalid_json")),
        (Role::Bot, &id, "k", json, &large, (413, "body_too_large")),
        (Role::Bot, &id, "k", json, sound, (200, "")),
    ] {
        let principal = Principal {
            merchant: MerchantId(Uuid::from_u128(1)),
            key: KeyId(Uuid::from_u128(2)),
            role,
            livemode: false,
        };
        let request = TestRequest::post()
            .uri(&format!("/i/{id}"))
            .insert_header(("idempotency-key", key))
            .insert_header(("content-type", kind.unwrap_or("text/plain")))
            .set_payload(body.to_owned())
            .to_request();
        request.extensions_mut().insert(principal);
        let answer = Answer::of(app.call(request).await.unwrap()).await;
        if expected.0 == 200 {
            assert_eq!((answer.status, &answer.body["a"]), (200, &"b".into()));
        } else {
            answer.check(expected.0, expected.1);
        }
    }
}
