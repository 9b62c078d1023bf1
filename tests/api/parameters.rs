//! Parameters of URLs: what a call does not know is refused on every route, and every route that
//! can be read takes `HEAD`.

use super::harness::{Answer, Client, TestApp, new_key, run_test};
use serde_json::{Value, json};
use threadpay::http::openapi;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// One of each thing that a path may name, and the accounts.
struct Things {
    intent: String,
    refund: String,
    link: String,
    endpoint: String,
    delivery: String,
    replay: String,
    event: String,
    movement: String,
    rail_account: String,
    statement: [String; 2],
    settlement: String,
}

impl Things {
    async fn make(app: &TestApp) -> Self {
        let owner = &app.merchant.owner;
        let intent = owner.paid("5.00", "EUR").await;
        let refund = owner.refund(&intent, "1.00").await.id();
        let body = json!({"amount": "1.00", "currency": "EUR"});
        let link = owner.create_link(&body).await;
        let endpoint = owner.create_endpoint("http://127.0.0.1:9/", &["*"]).await;
        let endpoint = endpoint["id"].as_str().unwrap().to_owned();
        let at = |verb: &str| format!("/v1/callback_endpoints/{endpoint}/{verb}");
        let delivery = owner.post(&at("ping"), &json!({})).await.id();
        let replay = owner
            .post(&at("replay"), &json!({"after_sequence": 0}))
            .await;
        let fact = json!({"kind": "charge", "outcome": "succeeded", "external_id": "txn_1",
            "amount": "1.00", "currency": "EUR"});
        let told = owner.post("/v1/sandbox/facts", &fact).await.expect(200);
        let events = owner.events().await;
        let account = owner.add_bank("DE89370400440532013000").await;
        let account = account["id"].as_str().unwrap().to_owned();
        Self {
            statement: app.statement_of(&app.merchant, &account).await,
            settlement: app.settlement_of(&app.merchant, &account).await,
            intent,
            refund,
            link: link["id"].as_str().unwrap().to_owned(),
            endpoint,
            delivery,
            replay: replay.id(),
            movement: told["movement"].as_str().unwrap().to_owned(),
            event: events[0]["id"].as_str().unwrap().to_owned(),
            rail_account: account,
        }
    }

    /// The path with an id in it.
    fn fill(&self, path: &str) -> String {
        let id = [
            ("/v1/payment_intents/", &self.intent),
            ("/v1/sandbox/", &self.intent),
            ("/v1/refunds/", &self.refund),
            ("/v1/payment_links/", &self.link),
            ("/v1/callback_endpoints/", &self.endpoint),
            ("/v1/deliveries/", &self.delivery),
            ("/v1/replays/", &self.replay),
            ("/v1/events/", &self.event),
            ("/v1/movements/", &self.movement),
            ("/v1/rail_accounts/", &self.rail_account),
            ("/v1/settlements/", &self.settlement),
            ("/v1/statements/", &self.statement[0]),
            ("/v1/statement_lines/", &self.statement[1]),
        ];
        let id = id.into_iter().find(|(start, _)| path.starts_with(start));
        path.replace("{id}", id.map_or("", |(_, id)| id))
            .replace("{code}", "merchant:pending")
    }
}

/// Method, path and required parameters of all operations, with ids of the merchant's own.
async fn operations(app: &TestApp) -> Vec<(String, String, String)> {
    let things = Things::make(app).await;
    let document: Value = serde_json::from_str(&openapi::document()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let required = parameters.filter(|p| p["in"] == "query" && p["required"] == true);
            let query = required.map(|p| {
                let value = p["example"].as_str().unwrap_or("csv");
                format!("{}={value}&", p["name"].as_str().unwrap())
            });
            found.push((method.to_uppercase(), things.fill(path), query.collect()));
        }
    }
    found
}

#[test]
fn an_unknown_parameter_is_refused_by_name_on_every_route() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        for (method, path, query) in operations(app).await {
            if path == "/v1/oauth/token" {
                continue;
            }
            let url = format!("{path}?{query}starting_after=x");
            let request = owner.request(&method, &url);
            let request = request.header("idempotency-key", url.clone());
            let request = request.header("content-type", "application/json");
            let body = example_of(&method, &path);
            let answer = owner.send(request.body(body)).await;
            let problem = answer.problem(422, "unknown_parameter");
            assert_eq!(problem["param"], "/starting_after", "{method} {path}");
        }
        // Who may not call at all is not told which parameters there are.
        let url = "/v1/trial_balance?starting_after=x";
        app.merchant.bot.get(url).await.problem(403, "forbidden");
        app.anyone.get(url).await.problem(401, "unauthorized");
    });
}

/// A body that the call takes: what is wrong with it is said before.
fn example_of(method: &str, path: &str) -> String {
    let body = match (method, path.rsplit('/').next().unwrap()) {
        ("POST", "payment_intents" | "payment_links") => {
            json!({"amount": "1.00", "currency": "EUR"})
        }
        ("POST", "callback_endpoints") => {
            json!({"url": "http://127.0.0.1:9/b", "event_types": ["*"]})
        }
        ("POST", "rail_accounts") => json!({"rail": "bank_transfer", "settings": {}}),
        ("POST", "confirm") => json!({"payment_method": "pm_sandbox_ok"}),
        ("POST", "refunds") => json!({"amount": "1.00"}),
        ("POST", "replay") => json!({"after_sequence": 0}),
        ("POST", "journal_entries") => json!({"postings": []}),
        ("POST", "match") => json!({"payment_intent": "pi_01m8110twef5j84yctpbta70g5"}),
        ("POST", "split") => json!({"parts": [{"amount": "1.00"}, {"amount": "2.00"}]}),
        ("POST", "unmatch") => json!({"reason": "a mistake"}),
        ("POST", "mark") => json!({"as": "reviewed"}),
        ("POST", "resolve") => json!({"action": "keep"}),
        ("POST", "facts") => json!({"kind": "charge", "outcome": "succeeded"}),
        ("POST", "clock") => json!({"advance": "1s"}),
        ("POST", "scenarios") => json!({"steps": []}),
        ("POST", _) if path.contains("/sandbox/") => json!({"outcome": "succeed"}),
        _ => json!({}),
    };
    body.to_string()
}

#[test]
fn a_parameter_comes_once() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        for (path, param) in [
            ("/v1/payment_intents?limit=1&limit=2", "/limit"),
            (
                "/v1/payment_intents?reference=a&limit=1&reference=a",
                "/reference",
            ),
            ("/v1/payment_links?limit=1&limit=1", "/limit"),
            ("/v1/events?after=0&after=1", "/after"),
            ("/v1/trial_balance?at=2026-01-01&at=2026-01-01", "/at"),
        ] {
            let problem = owner.get(path).await.problem(422, "invalid_request");
            assert_eq!(problem["param"], param, "{path}");
        }
    });
}

#[test]
fn no_answer_speaks_of_rust() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        let mut answers = Vec::new();
        for path in [
            "/v1/payment_intents?limit=ten",
            "/v1/payment_intents?limit=1.0",
            "/v1/payment_intents?limit=-1",
            "/v1/payment_intents?limit=256",
            "/v1/payment_intents?limit=99999999999999999999",
            "/v1/payment_intents?limit=",
            "/v1/payment_intents?status=paid",
            "/v1/payment_intents?created_from=now",
            "/v1/events?wait=-1",
            "/v1/events?wait=x",
            "/v1/events?after=x",
            "/v1/exports/journal?from=2026-01-01",
            "/v1/exports/journal?from=2026-01-01&to=2026-02-01&format=pdf",
        ] {
            answers.push(owner.get(path).await);
        }
        let wrong = [
            json!(null),
            json!(1),
            json!(1.5),
            json!("x"),
            json!([1]),
            json!({"a": 1}),
        ];
        let fields = [
            "amount",
            "currency",
            "description",
            "expires_in",
            "capture_method",
            "line_items",
            "thread",
            "metadata",
            "rails",
        ];
        for value in &wrong {
            answers.push(owner.create_intent(value).await);
            for field in fields {
                let mut body = json!({"amount": "1.00", "currency": "EUR"});
                body[field] = value.clone();
                answers.push(owner.create_intent(&body).await);
            }
            let line = json!([{"label": "a", "quantity": value, "unit_amount": "1.00"}]);
            let body = json!({"amount": "1.00", "currency": "EUR", "line_items": line});
            answers.push(owner.create_intent(&body).await);
        }
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            assert_eq!(answer.status, 422, "{}", answer.text());
            let detail = answer.json()["detail"].as_str().unwrap().to_owned();
            for word in [
                "u8",
                "u32",
                "i64",
                "expected",
                "struct",
                "digit found",
                "type:",
                "map",
            ] {
                assert!(!detail.contains(word), "{detail}");
            }
        }
    });
}

#[test]
fn what_can_be_read_can_be_asked_for_its_headers() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        let mut paths: Vec<String> = Vec::new();
        for (method, path, query) in operations(app).await {
            if method == "GET" {
                paths.push(
                    format!("{path}?{query}")
                        .trim_end_matches(['?', '&'])
                        .to_owned(),
                );
            }
        }
        let body = json!({"amount": "1.00", "currency": "EUR"});
        let link = owner.create_link(&body).await;
        paths.push(link["url"].as_str().unwrap().to_owned());
        paths.extend(["/openapi.json", "/docs", "/v1/nothing", "/nothing"].map(str::to_owned));
        for path in paths {
            let (get, head) = both(owner, &path).await;
            assert_eq!(head.status, get.status, "{path}");
            assert!(head.bytes.is_empty(), "{path}");
            for name in ["content-type", "cache-control", "transfer-encoding"] {
                assert_eq!(head.header(name), get.header(name), "{path} {name}");
            }
            // These two show the moment.
            if !["/metrics"].contains(&&*path) && !path.contains("/p/") {
                let name = "content-length";
                assert_eq!(head.header(name), get.header(name), "{path}");
            }
            assert!(head.header("request-id").is_some(), "{path}");
        }
    });
}

async fn both(client: &Client, path: &str) -> (Answer, Answer) {
    let head = client.send(client.request("HEAD", path)).await;
    (client.get(path).await, head)
}

#[test]
fn an_integer_is_one_however_json_writes_it() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let line = r#"{"label":"a","quantity":2.0,"unit_amount":"1.00"}"#;
        let body = format!(
            r#"{{"amount":"2.00","currency":"EUR","expires_in":36e2,"line_items":[{line}]}}"#
        );
        let made = bot.post_with("k1", "/v1/payment_intents", &body).await;
        assert_eq!(made.expect(201)["line_items"][0]["quantity"], 2);
        // The same request in other words.
        let body = body.replace("2.0,", "2,").replace("36e2", "3600");
        let again = bot.post_with("k1", "/v1/payment_intents", &body).await;
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        let half = body.replace("\"quantity\":2,", "\"quantity\":1.5,");
        let refused = bot.post_with("k2", "/v1/payment_intents", &half).await;
        let problem = refused.problem(422, "invalid_request");
        assert_eq!(problem["param"], "/line_items/0/quantity");
    });
}

#[test]
fn a_name_that_comes_twice_is_refused_at_any_depth() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let thread = r#""thread":{"channel":"slack","conversation":"C1","conversation":"C2"}"#;
        let line = r#"{"label":"a","quantity":1,"unit_amount":"1.00","quantity":1}"#;
        for rest in [
            r#""amount":"100.00""#,
            r#""metadata":{"a":"1","a":"1"}"#,
            r#""metadata":{"a":"1","\u0061":"2"}"#,
            thread,
            &format!(r#""line_items":[{line}]"#),
        ] {
            let body = format!(r#"{{"amount":"1.00","currency":"EUR",{rest}}}"#);
            let key = new_key();
            let refused = bot.post_with(&key, "/v1/payment_intents", &body).await;
            let problem = refused.problem(400, "invalid_json");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("twice"), "{detail}");
        }
        assert_eq!(app.count("SELECT count(*) FROM payment_intents").await, 0);
    });
}

/// Sends these bytes as they are and reads to the end.
async fn raw(app: &TestApp, bytes: &[u8]) -> String {
    let address = app.base_url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[test]
fn what_is_no_http_gets_a_problem_and_a_payer_a_page() {
    run_test(async |app| {
        let malformed: [&[u8]; 6] = [
            "GET /v1/payment_intents?reference=caf\u{e9} HTTP/1.1\r\nhost: x\r\n\r\n".as_bytes(),
            b"GET /v1/\xff HTTP/1.1\r\nhost: x\r\n\r\n",
            b"nonsense\r\n\r\n",
            b"GET /v1/events HTTP/1.1\r\nbad header\r\n\r\n",
            b"POST /v1/payment_intents HTTP/1.1\r\ncontent-length: x\r\n\r\n",
            b"GET /v1/events HTTP/7.3\r\nhost: x\r\n\r\n",
        ];
        for bytes in malformed {
            let answer = raw(app, bytes).await;
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            let problem: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"));
            let id = problem["request_id"].as_str().unwrap();
            assert!(head.contains(&format!("request-id: {id}")), "{answer}");
            assert!(head.starts_with("HTTP/1.1 4"), "{answer}");
            assert!(
                head.contains("content-type: application/problem+json"),
                "{answer}"
            );
        }
        for path in ["/p/caf\u{e9}", "/r/\u{e9}"] {
            let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
            let answer = raw(app, request.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.contains("request-id: req_") && head.contains("content-security-policy"));
            assert!(body.starts_with("<!doctype html>"), "{answer}");
        }
        // An answer before it on the same connection is not touched.
        let both = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n\x01\x02\r\n\r\n";
        let answer = raw(app, both).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("\"code\":\"bad_request\""), "{answer}");
    });
}
