//! Every operation of the OpenAPI document, asked for by every kind of caller about its own
//! things, those of another merchant, and things that are not there.

use super::transfers::IBAN;
use super::{
    harness::{Answer, Client, Merchant, TestApp, new_key, run_test},
    scopes::{
        ANYONE, BOT_AND_MERCHANT, BOT_MERCHANT_AND_FINANCE, MERCHANT, MERCHANT_AND_FINANCE, roles,
    },
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use threadpay::{
    base::{crypto::jwt::Claims, mode::Mode},
    domain::auth::{NewApiKey, Role, store},
    http::openapi,
};

/// An operation that asks for a key, with a body and a query that it takes.
struct Operation {
    name: String,
    method: String,
    path: String,
    body: String,
}

impl Operation {
    fn read(document: &Value, path: &str, (method, told): (&str, &Value)) -> Self {
        let required = |p: &&Value| p["in"] == "query" && p["required"] == true;
        let parameters = told["parameters"].as_array().into_iter().flatten();
        let query = parameters.filter(required).map(|parameter| {
            let value = parameter["example"].as_str().unwrap_or("csv");
            format!("{}={value}", parameter["name"].as_str().unwrap())
        });
        let query = query.collect::<Vec<_>>().join("&");
        let examples = &told["requestBody"]["content"]["application/json"]["examples"];
        let example = examples.as_object().and_then(|all| all.values().next());
        let body = example.map_or_else(String::new, |example| {
            let place = example["$ref"].as_str().unwrap().trim_start_matches('#');
            document.pointer(place).unwrap()["value"].to_string()
        });
        Self {
            name: told["operationId"].as_str().unwrap().to_owned(),
            method: method.to_uppercase(),
            path: if query.is_empty() {
                path.to_owned()
            } else {
                format!("{path}?{query}")
            },
            body,
        }
    }

    /// Where the id of what it is about stands in its path, if it is about one thing.
    fn has_id(&self) -> bool {
        self.path.contains('{')
    }

    async fn call(&self, client: &Client, id: &str) -> Answer {
        let path = match (self.path.find('{'), self.path.find('}')) {
            (Some(from), Some(to)) => {
                format!("{}{id}{}", &self.path[..from], &self.path[to + 1..])
            }
            _ => self.path.clone(),
        };
        let request = client
            .request(&self.method, &path)
            .header("idempotency-key", new_key())
            .header("content-type", "application/json");
        client.send(request.body(self.body.clone())).await
    }
}

/// All operations that ask for a key; the others must be those that anyone may call.
fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(&openapi::document()).unwrap();
    let (mut closed, mut open) = (Vec::new(), BTreeSet::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, told) in item.as_object().unwrap() {
            let operation = Operation::read(&document, path, (method, told));
            if told["security"] == json!([]) {
                open.insert(operation.name);
            } else {
                closed.push(operation);
            }
        }
    }
    let anyone: BTreeSet<_> = ANYONE.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(open, anyone, "these need no key");
    let tables = [
        BOT_MERCHANT_AND_FINANCE,
        BOT_AND_MERCHANT,
        MERCHANT_AND_FINANCE,
        MERCHANT,
    ];
    assert_eq!(closed.len(), tables.concat().len(), "one that is gone");
    closed
}

/// One of each thing that a merchant has, as the path names it and by its id.
struct Things(Vec<(&'static str, String)>);

impl Things {
    async fn of(app: &TestApp, merchant: &Merchant) -> Self {
        let bot = &merchant.bot;
        // Two merchants may have the same endpoint.
        let endpoint = bot.create_endpoint("http://127.0.0.1:9/", &["*"]).await;
        let endpoint = endpoint["id"].as_str().unwrap().to_owned();
        let intent = bot.paid("5.00", "EUR").await;
        let refund = bot.refund(&intent, "1.00").await.id();
        let fact = json!({"kind": "charge", "outcome": "succeeded", "external_id": "txn_1",
            "amount": "1.00", "currency": "EUR"});
        let told = bot.post("/v1/sandbox/facts", &fact).await.expect(200);
        let movement = told["movement"].as_str().unwrap().to_owned();
        let link = bot
            .create_link(&json!({"amount": "5.00", "currency": "EUR"}))
            .await;
        let event = bot.events().await[0]["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/callback_endpoints/{endpoint}/replay");
        let replay = bot.post(&path, &json!({"after_sequence": 0})).await.id();
        app.replay().await;
        let delivery = bot.deliveries(&endpoint, "").await[0]["id"].clone();
        let account = merchant.owner.add_bank(IBAN).await;
        let account = account["id"].as_str().unwrap().to_owned();
        let [statement, booked] = app.statement_of(merchant, &account).await;
        let settlement = app.settlement_of(merchant, &account).await;
        Self(vec![
            ("settlements", settlement),
            ("statements", statement),
            ("statement_lines", booked),
            ("rail_accounts", account),
            ("callback_endpoints", endpoint),
            ("payment_intents", intent.clone()),
            ("sandbox/actions", intent.clone()),
            ("sandbox/outcomes", intent),
            ("refunds", refund),
            ("movements", movement),
            ("payment_links", link["id"].as_str().unwrap().to_owned()),
            ("events", event),
            ("replays", replay),
            ("deliveries", delivery.as_str().unwrap().to_owned()),
            ("accounts", "merchant:pending".to_owned()),
        ])
    }

    /// The id of the thing that an operation is about.
    fn id(&self, operation: &Operation) -> &str {
        let about = |kind: &str| operation.path.starts_with(&format!("/v1/{kind}/{{"));
        let found = self.0.iter().find(|(kind, _)| about(kind));
        found.map_or("", |(_, id)| id)
    }

    /// What their owner sees of them.
    async fn look(&self, owner: &Client) -> Vec<String> {
        let mut seen = Vec::new();
        for (kind, id) in &self.0 {
            if !kind.starts_with("sandbox") && *kind != "accounts" {
                let found = owner.get(&format!("/v1/{kind}/{id}")).await;
                seen.push(found.expect(200).to_string());
            }
        }
        for list in ["events", "callback_endpoints", "payment_links"] {
            let found = owner.get(&format!("/v1/{list}?limit=100")).await;
            seen.push(found.expect(200).to_string());
        }
        seen
    }
}

/// An id of the same kind that nothing has.
fn random(id: &str) -> String {
    let last = if id.ends_with('0') { "1" } else { "0" };
    let start = id
        .char_indices()
        .next_back()
        .map_or("", |(at, _)| &id[..at]);
    format!("{start}{last}")
}

/// An answer's status and body without the one member that is never twice the same.
fn without_request_id(answer: &Answer) -> (u16, String) {
    let id = answer.header("request-id").unwrap();
    (answer.status, answer.text().replace(id, ""))
}

/// A text that stands for this key in an `Authorization` header, without showing it to the service.
fn access_token(app: &TestApp, key: &NewApiKey) -> String {
    let now = app.ambient.now().unix_timestamp();
    let claims = Claims {
        subject: key.id.to_string(),
        merchant: key.merchant.to_string(),
        role: key.role.to_string(),
        id: "1".to_owned(),
        issued_at: now,
        expires_at: now + 900,
    };
    app.app.keyring.signing.issue(&claims).unwrap()
}

/// A key of the merchant that is stored nowhere.
fn new_owner_key(app: &TestApp) -> NewApiKey {
    NewApiKey::generate(&app.ambient, app.merchant.id, Mode::Test, Role::Merchant)
}

/// Those whom no operation knows.
async fn nobodies(app: &TestApp) -> Vec<(&'static str, Client)> {
    let mut db = app.pool.acquire().await.unwrap();
    let now = app.ambient.now();
    let revoked = new_owner_key(app);
    store::insert_key(&mut db, &revoked, now).await.unwrap();
    let gone = store::revoke_key(&mut db, revoked.id, now).await.unwrap();
    assert!(gone.is_some());
    let unknown = new_owner_key(app);
    vec![
        ("none", app.anyone.clone()),
        ("revoked", app.anyone.with_key(&revoked.text())),
        (
            "a revoked key's token",
            app.anyone.with_key(&access_token(app, &revoked)),
        ),
        ("unknown", app.anyone.with_key(&unknown.text())),
        (
            "an unknown key's token",
            app.anyone.with_key(&access_token(app, &unknown)),
        ),
    ]
}

/// All answers are the same, and this is their status.
#[track_caller]
fn assert_alike(answers: &[Answer], status: u16, code: &str, who: &str) {
    for answer in answers {
        assert_eq!(answer.status, status, "{who}: {}", answer.text());
        answer.problem(status, code);
        let (first, this) = (&answers[0], answer);
        assert_eq!(without_request_id(first), without_request_id(this), "{who}");
    }
}

#[test]
fn walls_stand_around_every_operation() {
    run_test(async |app| {
        let (own, other) = (&app.merchant, app.another_merchant().await);
        let mine = Things::of(app, own).await;
        let theirs = Things::of(app, &other).await;
        let before = theirs.look(&other.owner).await;
        let nobodies = nobodies(app).await;
        let callers = [
            (Role::Bot, &own.bot),
            (Role::Merchant, &own.owner),
            (Role::Finance, &own.finance),
        ];
        for operation in operations() {
            let allowed = roles(&operation.name);
            let ids = [mine.id(&operation), theirs.id(&operation)];
            let ids = [ids[0], ids[1], &random(ids[1])];
            for (name, nobody) in &nobodies {
                let who = format!("{} by {name}", operation.name);
                let answers = call_all(&operation, nobody, &ids).await;
                assert_alike(&answers, 401, "unauthorized", &who);
            }
            for (role, caller) in callers {
                let who = format!("{} by {role}", operation.name);
                if !allowed.contains(&role) {
                    let answers = call_all(&operation, caller, &ids).await;
                    assert_alike(&answers, 403, "forbidden", &who);
                    continue;
                }
                if operation.name == "get_balances" {
                    // Accounts have the same names with every merchant.
                    let strange = operation.call(caller, "merchant:pendinh").await;
                    assert_alike(&[strange], 404, "not_found", &who);
                } else if operation.has_id() {
                    let strange = [ids[1], ids[2], "x", ids[1].split('_').next().unwrap()];
                    let answers = call_all(&operation, caller, &strange).await;
                    assert_alike(&answers, 404, "not_found", &who);
                }
                let answer = call_own(&operation, own, caller, ids[0]).await;
                let let_in = ![401, 403, 404, 500, 503].contains(&answer.status);
                assert!(let_in, "{who}: {}", answer.text());
                for (_, id) in theirs.0.iter().filter(|(kind, _)| *kind != "accounts") {
                    assert!(!answer.text().contains(id), "{who}: {}", answer.text());
                }
            }
        }
        assert_eq!(theirs.look(&other.owner).await, before);
    });
}

async fn call_all(operation: &Operation, client: &Client, ids: &[&str]) -> Vec<Answer> {
    let ids = if operation.has_id() { ids } else { &ids[..1] };
    let mut answers = Vec::new();
    for id in ids {
        answers.push(operation.call(client, id).await);
    }
    answers
}

/// Calls it about a thing of the caller's own; what is deleted is made for it.
async fn call_own(operation: &Operation, own: &Merchant, caller: &Client, id: &str) -> Answer {
    if operation.name == "import_statement" {
        let accounts = own.owner.get("/v1/rail_accounts").await.expect(200);
        let account = accounts["data"][0]["id"].as_str().unwrap();
        let path = format!("/v1/statements?account={account}");
        return caller.upload(&path, "no statement").await;
    }
    if operation.name == "delete_callback_endpoint" {
        let url = format!("http://127.0.0.1:9/{}", new_key());
        let endpoint = own.bot.create_endpoint(&url, &["*"]).await;
        return operation
            .call(caller, endpoint["id"].as_str().unwrap())
            .await;
    }
    operation.call(caller, id).await
}

/// What is not in the path cannot reach over the wall either.
#[test]
fn filters_and_keys_do_not_reach_over_the_wall() {
    run_test(async |app| {
        let (own, other) = (&app.merchant, app.another_merchant().await);
        own.bot.paid("1.00", "EUR").await;
        let theirs = other.bot.paid("2.00", "EUR").await;
        for (path, id) in [
            ("/v1/journal_entries?source=", &theirs),
            ("/v1/payment_intents?before=", &theirs),
        ] {
            let of = async |id: &str| own.owner.get(&format!("{path}{id}")).await;
            let (foreign, nothing) = (of(id).await, of(&random(id)).await);
            assert_eq!(without_request_id(&foreign), without_request_id(&nothing));
            assert!(!foreign.text().contains(id.as_str()), "{path}");
        }
        // An account that the caller never posted to is empty, whoever else did.
        let newcomer = app.another_merchant().await.owner;
        let balances = newcomer.get("/v1/accounts/merchant:pending/balances").await;
        assert_eq!(balances.expect(200)["data"], json!([]));
        // The same idempotency key of two merchants is two keys.
        let body = json!({"amount": "1.00", "currency": "EUR"}).to_string();
        let intents = "/v1/payment_intents";
        let first = own.bot.post_with("same", intents, &body).await.id();
        let second = other.bot.post_with("same", intents, &body).await.id();
        assert_ne!(first, second);
    });
}
