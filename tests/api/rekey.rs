//! `threadpay rekey`, as an operator runs it.

use super::harness::{TestApp, run_test};
use std::process::{Command, Stdio};
use threadpay::{
    app::{App, config::Config},
    base::{
        crypto::{Keyring, MasterKey},
        db::Db,
        ids::{EndpointId, MerchantId},
    },
    domain::callbacks::{EndpointSecret, StoredSecret, secrets::store},
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
            Ok("1001 endpoint secrets were sealed anew"),
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
        let sealed_anew = Ok("2 endpoint secrets were sealed anew");
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
