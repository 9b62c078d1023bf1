//! `threadpay rekey`, as an operator runs it.

use super::harness::{TestApp, run_test, stripe::run_with_stripe};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use threadpay::{
    app::{App, config::Config},
    base::{
        crypto::{Keyring, MasterKey, jwt::Claims},
        db::Db,
        ids::{CELL, EndpointId, MerchantId},
        mode::Mode,
    },
    domain::{
        callbacks::{EndpointSecret, StoredSecret, secrets::store},
        rail_accounts::{self, AccountRail},
    },
    http::rejection,
};
use uuid::Uuid;

/// `[1; 32]`, the master key of every `TestApp`, and others.
const KEYS: [&str; 4] = [
    "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
    "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=",
    "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=",
    "BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ=",
];

/// Runs the command; whether it succeeds, and the line that it prints.
async fn rekey(app: &TestApp, old: &str, new: &str) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_threadpay"));
    command
        .arg("rekey")
        .env("DATABASE_URL", &app.database_url)
        .env("THREADPAY_MASTER_KEY", old)
        .env("THREADPAY_NEW_MASTER_KEY", new)
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8(printed).unwrap();
    assert_eq!(printed.lines().count(), 1, "{printed}");
    (output.status.success(), printed)
}

/// Replaces other keys under the same master key.
async fn rotate(app: &TestApp, keys: &'static str) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_threadpay"));
    command
        .args(["rekey", "--json", "--rotate", keys])
        .env("DATABASE_URL", &app.database_url)
        .env("THREADPAY_MASTER_KEY", KEYS[0])
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn says((succeeds, printed): (bool, String), wanted: Result<&str, &str>) {
    assert_eq!(succeeds, wanted.is_ok(), "{printed}");
    let (Ok(sentence) | Err(sentence)) = wanted;
    assert!(printed.contains(sentence), "{printed}");
}

/// The service's start with this master key.
async fn start(app: &TestApp, key: &str) -> Result<Keyring, String> {
    let db = Db::from_url(&app.database_url).unwrap();
    let key = MasterKey::from_base64(key).unwrap();
    let config = Config::new(db, &app.app.config.listen, key);
    let started = App::start(config, app.ambient.clone(), rejection::render).await;
    let started = started.map_err(|error| error.to_string())?;
    started.close().await;
    Ok(started.keyring.clone())
}

/// New secrets of as many endpoints, in the order of the table.
async fn store_secrets(app: &TestApp, count: usize) -> Vec<EndpointSecret> {
    let mut secrets = Vec::new();
    for number in 1..=count {
        let place = place(number);
        let secret = EndpointSecret::generate(&app.ambient);
        let sealed = secret.seal(&app.app.keyring.secrets, place, &app.ambient);
        insert(app, place, &sealed.unwrap()).await;
        secrets.push(secret);
    }
    secrets
}

fn place(number: usize) -> (MerchantId, EndpointId) {
    let id = |number: usize| Uuid::from_u128(u128::try_from(number).unwrap());
    // Merchants have three endpoints each.
    (MerchantId(id(number / 3)), EndpointId(id(number)))
}

async fn insert(app: &TestApp, (merchant, endpoint): (MerchantId, EndpointId), sealed: &[u8]) {
    let insert = sqlx::query(
        "INSERT INTO endpoint_secrets (merchant_id, endpoint_id, number, sealed, created_at)
        VALUES ($1, $2, 1, $3, now())",
    );
    let insert = insert.bind(merchant.0).bind(endpoint.0).bind(sealed);
    insert.execute(&app.pool).await.unwrap();
}

async fn stored_secrets(app: &TestApp) -> Vec<StoredSecret> {
    let mut db = app.pool.acquire().await.unwrap();
    store::following(&mut db, None, 10_000).await.unwrap()
}

/// All that is sealed, so that two moments can be compared.
async fn sealed(app: &TestApp) -> (Vec<StoredSecret>, Vec<(String, Uuid, Vec<u8>)>) {
    let keys = sqlx::query_as("SELECT purpose, id, sealed FROM keyring ORDER BY 1, 2");
    let keys = keys.fetch_all(&app.pool).await.unwrap();
    (stored_secrets(app).await, keys)
}

fn opens(keyring: &Keyring, stored: &[StoredSecret], secrets: &[EndpointSecret]) {
    assert_eq!(stored.len(), secrets.len());
    for (row, secret) in stored.iter().zip(secrets) {
        let place = (row.merchant, row.endpoint);
        let opened = EndpointSecret::open(&keyring.secrets, place, &row.sealed).unwrap();
        assert_eq!(opened.reveal(), secret.reveal());
        assert_eq!(opened.public_key(), secret.public_key());
    }
}

#[test]
fn a_new_master_key_takes_the_place_of_the_old_one() {
    run_test(async |app| {
        let [old, new, wrong, _] = KEYS;
        let secrets = store_secrets(app, 1_001).await;
        let before = sealed(app).await;
        let not_the_key = "THREADPAY_MASTER_KEY is not the key that this database was sealed with";
        says(rekey(app, wrong, new).await, Err(not_the_key));
        assert_eq!(sealed(app).await, before);

        says(
            rekey(app, old, new).await,
            Ok(
                "1001 secrets were sealed anew. Start the service with it as \
                THREADPAY_MASTER_KEY. Replaced: master, secrets. Kept: signing, tokens, links.",
            ),
        );
        let after = sealed(app).await;
        assert_eq!(start(app, old).await.unwrap_err(), not_the_key);
        let keyring = start(app, new).await.unwrap();
        opens(&keyring, &after.0, &secrets);
        // No secret is left under the key that the old master key gave access to.
        for row in &after.0 {
            let place = (row.merchant, row.endpoint);
            let opened = EndpointSecret::open(&app.app.keyring.secrets, place, &row.sealed);
            assert!(opened.is_err(), "{row:?}");
        }
        // An answer that is kept for its key still opens.
        opens(&keyring, &before.0, &secrets);
        let tokens = |keyring: &Keyring| keyring.tokens.link_token("pi_1");
        assert_eq!(tokens(&keyring), tokens(&app.app.keyring));
        assert_eq!(keyring.signing.jwks(), app.app.keyring.signing.jwks());

        says(rekey(app, old, new).await, Ok("already sealed"));
        says(rekey(app, old, wrong).await, Err(not_the_key));
        assert_eq!(sealed(app).await, after);
    });
}

#[test]
fn a_secret_that_does_not_open_stops_it_and_nothing_is_changed() {
    run_test(async |app| {
        store_secrets(app, 2).await;
        let sealed_elsewhere = stored_secrets(app).await[0].sealed.clone();
        let (merchant, endpoint) = place(1_000);
        insert(app, (merchant, endpoint), &sealed_elsewhere).await;
        let before = sealed(app).await;
        let sentence = format!("(secret 1 of {endpoint}); nothing was changed");
        says(rekey(app, KEYS[0], KEYS[1]).await, Err(&sentence));
        assert_eq!(sealed(app).await, before);
        start(app, KEYS[0]).await.unwrap();
    });
}

#[test]
fn keys_that_no_answer_needs_any_more_are_forgotten() {
    run_test(async |app| {
        let secrets = store_secrets(app, 2).await;
        let keys = async || app.count("SELECT count(*) FROM keyring").await;
        let sealed_anew = Ok("2 secrets were sealed anew");
        says(rekey(app, KEYS[0], KEYS[1]).await, sealed_anew);
        says(rekey(app, KEYS[1], KEYS[2]).await, sealed_anew);
        assert_eq!(keys().await, 2 + 3);
        let age = sqlx::query("UPDATE keyring SET created_at = created_at - interval '49 hours'");
        age.execute(&app.pool).await.unwrap();
        let stored = stored_secrets(app).await;
        says(rekey(app, KEYS[2], KEYS[3]).await, sealed_anew);
        // The one that sealed until now, and the new one.
        assert_eq!(keys().await, 2 + 2);
        let keyring = start(app, KEYS[3]).await.unwrap();
        opens(&keyring, &stored, &secrets);
        opens(&keyring, &stored_secrets(app).await, &secrets);
    });
}

#[test]
fn a_signing_key_that_was_replaced_lets_nobody_in_for_long() {
    run_test(async |app| {
        let (bot, key) = (&app.merchant.bot, app.merchant.bot.key());
        let issued = app.anyone.token_of(&key).await.expect(200);
        let issued = issued["access_token"].as_str().unwrap();
        let paid = bot.paid("1.00", "EUR").await;
        let page = bot.intent(&paid).await["pay_url"].clone();
        let receipt = page.as_str().unwrap().replace("/p/", "/r/");
        let signed = app.anyone.get(&format!("{receipt}/receipt.jws")).await;
        let old_key = app.app.keyring.signing.key_id().to_owned();

        let done = rotate(app, "signing").await;
        assert_eq!(done["replaced"], json!(["signing"]));
        assert_eq!(
            done["kept"],
            json!(["master", "secrets", "tokens", "links"])
        );
        let other = TestApp::on(app.database_url.clone()).await;
        other
            .anyone
            .with_key(issued)
            .get("/v1/events")
            .await
            .expect(200);
        let now = other.ambient.now().unix_timestamp();
        for (issued_at, life) in [(now, 315_360_000), (now + 60, 900), (now + 3, 900)] {
            let claims = Claims {
                subject: format!("key_{}", &key["tp_test_00".len()..][..26]),
                merchant: app.merchant.id.to_string(),
                role: "merchant".to_owned(),
                id: "1".to_owned(),
                issued_at,
                expires_at: issued_at + life,
            };
            let forged = app.app.keyring.signing.issue(&claims).unwrap();
            let refused = other.anyone.with_key(&forged).get("/v1/events").await;
            refused.problem(401, "unauthorized");
        }
        // What the old key signed for good can still be checked.
        let published = other.anyone.get("/.well-known/jwks.json").await.expect(200);
        let published = published["keys"].as_array().unwrap();
        assert_eq!(published.len(), 2);
        assert_eq!(published[0]["kid"], other.app.keyring.signing.key_id());
        assert_eq!(published[1]["kid"], old_key.as_str());
        let part = |text: &str, at: usize| -> Value {
            let part = URL_SAFE_NO_PAD.decode(text.split('.').nth(at).unwrap());
            serde_json::from_slice(&part.unwrap()).unwrap()
        };
        assert_eq!(part(&signed.text(), 0)["kid"], old_key.as_str());
        assert_eq!(part(&signed.text(), 1)["cell"], CELL);
        assert_eq!(part(issued, 1)["cell"], CELL);
        other.end().await;
    });
}

#[test]
fn links_go_on_opening_until_they_are_to_end() {
    run_test(async |app| {
        let (key, id) = (
            app.merchant.bot.key(),
            app.merchant.bot.ask_for("1.00", "EUR").await,
        );
        let before = app.merchant.bot.intent(&id).await["pay_url"].clone();
        let path = |url: &Value| {
            let url = url.as_str().unwrap();
            url[url.find("/p/").unwrap()..].to_owned()
        };
        assert_eq!(rotate(app, "tokens").await["replaced"], json!(["tokens"]));
        let other = TestApp::on(app.database_url.clone()).await;
        let bot = other.anyone.with_key(&key);
        assert_eq!(path(&bot.intent(&id).await["pay_url"]), path(&before));
        assert_eq!(other.anyone.get(&path(&before)).await.status, 200);
        let later = bot.ask_for("1.00", "EUR").await;
        let made = bot.intent(&later).await["pay_url"].clone();
        assert_eq!(other.anyone.get(&path(&made)).await.status, 200);
        let old_key = app.app.keyring.tokens.link_token(&later);
        assert_eq!(other.anyone.get(&format!("/p/{old_key}")).await.status, 404);
        other.end().await;

        let done = rotate(app, "links,signing").await;
        assert_eq!(done["replaced"], json!(["signing", "tokens", "links"]));
        let other = TestApp::on(app.database_url.clone()).await;
        for url in [&before, &made] {
            assert_eq!(other.anyone.get(&path(url)).await.status, 404);
        }
        let bot = other.anyone.with_key(&key);
        for id in [&id, &later] {
            let url = bot.intent(id).await["pay_url"].clone();
            assert_eq!(other.anyone.get(&path(&url)).await.status, 200);
        }
        other.end().await;
    });
}

#[test]
fn credentials_of_rail_accounts_are_sealed_anew() {
    run_with_stripe(async |app, peer| {
        let [old, new, ..] = KEYS;
        let account = app.add_stripe(peer).await;
        let id = account["id"].as_str().unwrap().parse().unwrap();
        says(rekey(app, old, new).await, Ok("1 secret was sealed anew"));
        let keyring = start(app, new).await.unwrap();
        let stored = rail_accounts::store::by_id(&app.pool, id).await.unwrap();
        let (stored, owner) = (stored.unwrap(), (app.merchant.id, id));
        let sealed = stored.credentials.unwrap();
        let open = |keys| sealed.open((owner, AccountRail::Stripe), keys, Mode::Test);
        assert!(open(&keyring.secrets).is_ok() && open(&app.app.keyring.secrets).is_err());
    });
}
