//! What every answer says beside its body, on every face of the service.

use super::harness::{Answer, Client, TestApp, new_key, run_test};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What nobody outside needs to know, and what would let other sites in.
const NEVER: [&str; 8] = [
    "server",
    "x-powered-by",
    "via",
    "set-cookie",
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
];
/// What is the same for everyone, and may be kept by anyone.
const PUBLIC: [&str; 4] = ["/openapi.json", "/docs", "/.well-known/jwks.json", ".css"];

/// Asks as a page of another site would.
async fn ask(client: &Client, method: &str, path: &str, body: Option<(&str, String)>) -> Answer {
    let request = client
        .request(method, path)
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST")
        .header("idempotency-key", new_key());
    let request = match body {
        Some((kind, body)) => request.header("content-type", kind).body(body),
        None => request,
    };
    client.send(request).await
}

#[track_caller]
fn check(path: &str, answer: &Answer) {
    let header = |name| answer.header(name);
    assert_eq!(header("x-content-type-options"), Some("nosniff"), "{path}");
    assert!(header("request-id").is_some(), "{path}");
    for name in NEVER {
        assert_eq!(header(name), None, "{path}: {name}");
    }
    let cache = header("cache-control").unwrap();
    let public = answer.status == 200 && PUBLIC.iter().any(|end| path.ends_with(end));
    assert_eq!(cache != "no-store", public, "{path}: {cache}");
    assert!(public == cache.starts_with("public"), "{path}: {cache}");
    let kind = header("content-type").unwrap_or_default();
    assert!(!kind.is_empty() || answer.bytes.is_empty(), "{path}");
    if kind.starts_with("text/html") {
        let policy = header("content-security-policy").unwrap();
        for rule in [
            "default-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(
            !policy.contains("unsafe") && !policy.contains("script"),
            "{path}"
        );
        assert_eq!(header("referrer-policy"), Some("no-referrer"), "{path}");
    }
}

/// Path and answer of everything that a payer meets.
async fn pages(app: &TestApp) -> Vec<(String, Answer)> {
    let anyone = &app.anyone;
    let body = json!({"amount": "5.00", "currency": "EUR"});
    let intent = app.merchant.bot.create_intent(&body).await.expect(201);
    let page = intent["pay_url"].as_str().unwrap();
    let shown = anyone.get(page).await.text();
    let (_, style) = shown.split_once(r#"rel="stylesheet" href=""#).unwrap();
    let style = style.split_once('"').unwrap().0.to_owned();
    let csrf = anyone.open_form(page).await;
    let form = "application/x-www-form-urlencoded";
    let pay = format!("{page}/pay");
    let mut seen = Vec::new();
    for fields in [
        "csrf=1.2.3",
        &format!("csrf={csrf}&payment_method=pm_sandbox_ok"),
    ] {
        let body = Some((form, fields.to_owned()));
        seen.push((pay.clone(), ask(anyone, "POST", &pay, body).await));
    }
    assert_eq!((seen[0].1.status, seen[1].1.status), (403, 303));
    let receipt = seen[1].1.header("location").unwrap().to_owned();
    for path in [
        style,
        page.to_owned(),
        format!("{page}/qr.svg"),
        format!("{page}/qr.png"),
        format!("{page}/none"),
        format!("{receipt}/receipt.jws"),
        receipt,
        "/p/00aaaaaaaaaaaaaaaaaaaaaa".to_owned(),
        "/r/x".to_owned(),
    ] {
        for method in ["GET", "OPTIONS", "PUT"] {
            seen.push((path.clone(), ask(anyone, method, &path, None).await));
        }
    }
    seen
}

#[test]
fn every_face_keeps_to_itself() {
    run_test(async |app| {
        let (anyone, owner) = (&app.anyone, &app.merchant.owner);
        owner.paid("1.00", "EUR").await;
        let json = |body: &str| Some(("application/json", body.to_owned()));
        let endpoint = r#"{"url":"http://127.0.0.1:9/","event_types":["*"]}"#;
        let export = "/v1/exports/journal?from=2020-01-01&to=2099-01-01&format=";
        let intents = "/v1/payment_intents";
        let large = "x".repeat(70_000);
        for (caller, method, path, body, status) in [
            (anyone, "GET", "/healthz", None, 200),
            (anyone, "GET", "/readyz", None, 200),
            (anyone, "GET", "/metrics", None, 200),
            (anyone, "GET", "/openapi.json", None, 200),
            (anyone, "GET", "/docs", None, 200),
            (anyone, "GET", "/.well-known/jwks.json", None, 200),
            (anyone, "GET", "/nothing", None, 404),
            (anyone, "GET", "/", None, 404),
            (anyone, "OPTIONS", "/docs", None, 405),
            (anyone, "TRACE", "/docs", None, 405),
            (anyone, "GET", intents, None, 401),
            (anyone, "OPTIONS", intents, None, 401),
            (anyone, "POST", "/v1/oauth/token", json("{}"), 400),
            (owner, "GET", intents, None, 200),
            (owner, "OPTIONS", intents, None, 405),
            (owner, "GET", "/v1/nothing", None, 404),
            (owner, "GET", "/v1/events/evt_x", None, 404),
            (owner, "POST", intents, json("{"), 400),
            (owner, "POST", intents, json(&large), 413),
            (
                owner,
                "POST",
                intents,
                Some(("text/plain", "{}".to_owned())),
                415,
            ),
            (owner, "POST", intents, json("{}"), 422),
            (owner, "POST", "/v1/callback_endpoints", json(endpoint), 201),
            (owner, "GET", &format!("{export}csv"), None, 200),
            (owner, "GET", &format!("{export}jsonl"), None, 200),
            (&app.merchant.bot, "GET", "/v1/accounts", None, 403),
        ] {
            let answer = ask(caller, method, path, body).await;
            assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
            check(path, &answer);
        }
        for (path, answer) in pages(app).await {
            check(&path, &answer);
        }
    });
}

/// What cannot be read as HTTP is refused before we see it, and told as little.
#[test]
fn what_is_no_http_learns_nothing() {
    run_test(async |app| {
        let address = app.base_url.strip_prefix("http://").unwrap();
        let headers = format!(
            "GET / HTTP/1.1\r\nhost: a\r\n{}\r\n",
            "x: y\r\n".repeat(200)
        );
        for garbage in [
            "garbage\r\n\r\n",
            "GET / HTTP/9.9\r\n\r\n",
            "GET / HTTP/1.1\r\nhost : a\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: x\r\ncontent-length: 4\r\n\r\n0\r\n\r\n",
            &headers,
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(garbage.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            let answer = answer.to_lowercase();
            assert!(answer.starts_with("http/1.1 4"), "{garbage}: {answer}");
            for name in NEVER {
                assert!(
                    !answer.contains(&format!("\n{name}:")),
                    "{garbage}: {answer}"
                );
            }
        }
    });
}
