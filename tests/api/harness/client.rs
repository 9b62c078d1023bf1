//! A caller of the API: one method for each thing that a bot, a merchant or a payer does.

use serde_json::{Value, json};
use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

static KEYS: AtomicU64 = AtomicU64::new(1);

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The JSON of an answer that must have this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.bytes)
        );
        self.json()
    }

    /// The JSON of a problem that must have this status and code.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(problem["status"], status);
        assert_eq!(
            problem["request_id"].as_str(),
            self.header("request-id"),
            "{problem}"
        );
        problem
    }

    /// The token of the form that the page holds, if it holds one.
    pub fn form_token(&self) -> Option<String> {
        let page = self.text();
        let (_, rest) = page.split_once(r#"name="csrf" value=""#)?;
        Some(rest.split_once('"')?.0.to_owned())
    }

    /// The `id` of the object.
    #[track_caller]
    pub fn id(&self) -> String {
        assert!(self.status < 300, "{}", self.text());
        self.json()["id"].as_str().unwrap().to_owned()
    }
}

/// A caller with a key, or with none.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: Option<String>,
}

fn http() -> reqwest::Client {
    static TLS: OnceLock<()> = OnceLock::new();
    TLS.get_or_init(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .unwrap();
    });
    let redirects = reqwest::redirect::Policy::none();
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the caller, not the service"
    )]
    let client = reqwest::Client::builder().redirect(redirects);
    client.build().unwrap()
}

impl Client {
    pub fn new(base: &str) -> Self {
        Self {
            http: http(),
            base: base.to_owned(),
            key: None,
        }
    }

    /// The same caller with another key, over the same connections.
    pub fn with_key(&self, key: &str) -> Self {
        Self {
            key: Some(key.to_owned()),
            ..self.clone()
        }
    }

    /// The same caller at another process of the service.
    pub fn at(&self, base: &str) -> Self {
        Self {
            base: base.to_owned(),
            ..self.clone()
        }
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        };
        let request = self.http.request(method.parse().unwrap(), url);
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// The API key that it calls with.
    pub fn key(&self) -> String {
        let request = self.request("GET", "/").build().unwrap();
        let header = request.headers()["authorization"].to_str().unwrap();
        header.trim_start_matches("Bearer ").to_owned()
    }

    /// Asks for an access token of a key.
    pub async fn token_of(&self, key: &str) -> Answer {
        let (id, secret) = key.rsplit_once('_').unwrap();
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
        ];
        self.post_form("/v1/oauth/token", &fields).await
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap()
    }

    /// Sends where the service may be gone.
    pub async fn try_send(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<Answer, reqwest::Error> {
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await?.to_vec();
        Ok(Answer {
            status,
            headers,
            bytes,
        })
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    /// Posts with an idempotency key of its own.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(&new_key(), path, &body.to_string()).await
    }

    /// Posts this text with this idempotency key.
    pub async fn post_with(&self, key: &str, path: &str, body: &str) -> Answer {
        self.send(self.post_request(key, path, body)).await
    }

    pub fn post_request(&self, key: &str, path: &str, body: &str) -> reqwest::RequestBuilder {
        let request = self.request("POST", path).header("idempotency-key", key);
        let request = request.header("content-type", "application/json");
        request.body(body.to_owned())
    }

    /// A bot asks for money.
    pub async fn create_intent(&self, body: &Value) -> Answer {
        self.post("/v1/payment_intents", body).await
    }

    /// A bot asks for this much and nothing else; gives the intent's id.
    pub async fn ask_for(&self, amount: &str, currency: &str) -> String {
        let body = json!({"amount": amount, "currency": currency});
        self.create_intent(&body).await.id()
    }

    pub async fn intent(&self, id: &str) -> Value {
        let answer = self.get(&format!("/v1/payment_intents/{id}")).await;
        answer.expect(200)
    }

    pub async fn confirm(&self, id: &str, method: &str) -> Answer {
        let body = json!({"payment_method": method});
        self.post(&format!("/v1/payment_intents/{id}/confirm"), &body)
            .await
    }

    pub async fn capture(&self, id: &str, body: &Value) -> Answer {
        self.post(&format!("/v1/payment_intents/{id}/capture"), body)
            .await
    }

    pub async fn cancel(&self, id: &str) -> Answer {
        let body = json!({"reason": "requested_by_customer"});
        self.post(&format!("/v1/payment_intents/{id}/cancel"), &body)
            .await
    }

    pub async fn refund(&self, id: &str, amount: &str) -> Answer {
        let body = json!({"amount": amount});
        self.post(&format!("/v1/payment_intents/{id}/refunds"), &body)
            .await
    }

    /// A bot asks and the payer pays; gives the intent's id.
    pub async fn paid(&self, amount: &str, currency: &str) -> String {
        let id = self.ask_for(amount, currency).await;
        let intent = self.confirm(&id, "pm_sandbox_ok").await.expect(200);
        assert_eq!(intent["status"], "succeeded");
        id
    }

    /// The payer acts, or the rail says what became of it: `succeed` or `fail`.
    pub async fn act(&self, id: &str, outcome: &str) -> Answer {
        let body = json!({"outcome": outcome});
        self.post(&format!("/v1/sandbox/actions/{id}"), &body).await
    }

    pub async fn settle(&self, id: &str, outcome: &str) -> Answer {
        let body = json!({"outcome": outcome});
        self.post(&format!("/v1/sandbox/outcomes/{id}"), &body)
            .await
    }

    pub async fn create_link(&self, body: &Value) -> Value {
        self.post("/v1/payment_links", body).await.expect(201)
    }

    pub async fn create_endpoint(&self, url: &str, types: &[&str]) -> Value {
        let body = json!({"url": url, "event_types": types});
        self.post("/v1/callback_endpoints", &body).await.expect(201)
    }

    /// Makes a rail account of a bank account that SEPA reaches.
    pub async fn add_bank(&self, iban: &str) -> Value {
        let settings = json!({"scheme": "epc", "name": "Café", "iban": iban});
        let body = json!({"rail": "bank_transfer", "settings": settings});
        self.post("/v1/rail_accounts", &body).await.expect(201)
    }

    /// Sends a file.
    pub async fn upload(&self, path: &str, file: &str) -> Answer {
        let request = self.request("POST", path);
        let key = KEYS.fetch_add(1, Ordering::Relaxed);
        let request = request.header("idempotency-key", format!("file-{key}"));
        self.send(request.body(file.to_owned())).await
    }

    /// Changes an endpoint.
    pub async fn change_endpoint(&self, id: &str, body: &Value) -> Answer {
        self.patch(&format!("/v1/callback_endpoints/{id}"), body)
            .await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        let request = self.request("PATCH", path);
        let request = request.header("content-type", "application/json");
        self.send(request.body(body.to_string())).await
    }

    /// The deliveries of an endpoint, newest event first; `query` narrows them.
    pub async fn deliveries(&self, id: &str, query: &str) -> Vec<Value> {
        let path = format!("/v1/callback_endpoints/{id}/deliveries?limit=100&{query}");
        let page = self.get(&path).await.expect(200);
        page["data"].as_array().unwrap().clone()
    }

    /// All events of the feed.
    pub async fn events(&self) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        loop {
            let after = events
                .last()
                .map_or(0, |event| event["sequence"].as_i64().unwrap());
            let page = self
                .get(&format!("/v1/events?after={after}&limit=100"))
                .await;
            let page = page.expect(200);
            events.extend(page["data"].as_array().unwrap().clone());
            if page["has_more"] == false {
                return events;
            }
        }
    }

    /// The payer opens a page and finds the form's token in it.
    pub async fn open_form(&self, url: &str) -> String {
        let page = self.get(url).await;
        page.form_token()
            .unwrap_or_else(|| panic!("no form: {}", page.text()))
    }

    /// The payer sends the form of a page.
    pub async fn post_form(&self, url: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let form = form.extend_pairs(fields).finish();
        let kind = "application/x-www-form-urlencoded";
        let request = self.request("POST", url).header("content-type", kind);
        self.send(request.body(form)).await
    }

    /// The payer opens a page and pays on it.
    pub async fn pay(&self, url: &str, method: &str) -> Answer {
        let csrf = self.open_form(url).await;
        let fields = [("csrf", csrf.as_str()), ("payment_method", method)];
        self.post_form(&format!("{url}/pay"), &fields).await
    }
}

/// An idempotency key that nobody has used.
pub fn new_key() -> String {
    format!("key-{}", KEYS.fetch_add(1, Ordering::Relaxed))
}
