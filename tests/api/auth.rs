//! Who calls: keys and tokens. What each may do stands in `walls.rs`.

use super::harness::{Client, run_test};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};
use std::process::Command;
use threadpay::{
    base::{
        crypto::{ed25519::SigningKey, mac},
        mode::Mode,
    },
    domain::auth::{NewApiKey, Role, store},
};
use time::Duration;

#[test]
fn without_a_valid_key_nothing_is_told() {
    run_test(async |app| {
        let paths = [
            "/v1/payment_intents",
            "/v1/payment_links",
            "/v1/events",
            "/v1/accounts",
            "/v1/trial_balance",
        ];
        let good = app
            .merchant
            .bot
            .request("GET", "/v1/events")
            .build()
            .unwrap();
        let good = good.headers()["authorization"].to_str().unwrap();
        let good = good.trim_start_matches("Bearer ").to_owned();
        let mut wrong = good.clone();
        let last = if wrong.pop() == Some('A') { 'B' } else { 'A' };
        wrong.push(last);
        for key in ["", "x", "tp_test_", "tp_live_00_x", &wrong, &good[..20]] {
            for path in paths {
                let answer = app.anyone.with_key(key).get(path).await;
                answer.problem(401, "unauthorized");
                assert!(
                    answer
                        .header("www-authenticate")
                        .is_some_and(|h| h.starts_with("Bearer"))
                );
            }
        }
        for path in paths {
            app.anyone.get(path).await.problem(401, "unauthorized");
        }
        app.anyone
            .with_key(&good)
            .get("/v1/events")
            .await
            .expect(200);
    });
}

#[test]
fn a_token_stands_for_its_key_for_a_quarter_of_an_hour() {
    run_test(async |app| {
        let key = app.merchant.bot.request("GET", "/").build().unwrap();
        let key = key.headers()["authorization"]
            .to_str()
            .unwrap()
            .trim_start_matches("Bearer ");
        let (client_id, secret) = key.rsplit_once('_').unwrap();
        let fields = |secret| {
            [
                ("grant_type", "client_credentials"),
                ("client_id", client_id),
                ("client_secret", secret),
            ]
        };
        let wrong = app
            .anyone
            .post_form("/v1/oauth/token", &fields("wrong"))
            .await;
        assert!([400, 401].contains(&wrong.status), "{}", wrong.text());
        let token = app
            .anyone
            .post_form("/v1/oauth/token", &fields(secret))
            .await
            .expect(200);
        assert_eq!(
            (&token["token_type"], &token["expires_in"]),
            (&json!("Bearer"), &json!(900))
        );
        assert_eq!(token["scope"], "bot");
        let bot = app.anyone.with_key(token["access_token"].as_str().unwrap());
        bot.ask_for("1.00", "EUR").await;
        bot.get("/v1/trial_balance").await.problem(403, "forbidden");
        let keys = app.anyone.get("/.well-known/jwks.json").await.expect(200);
        assert_eq!(keys["keys"][0]["crv"], "Ed25519");
        app.clock.advance(Duration::seconds(901));
        bot.get("/v1/events").await.problem(401, "unauthorized");
    });
}

#[test]
fn a_token_is_good_for_the_role_of_its_key_and_nothing_else() {
    run_test(async |app| {
        let key = app.merchant.finance.request("GET", "/").build().unwrap();
        let key = key.headers()["authorization"].to_str().unwrap();
        let key = key.trim_start_matches("Bearer ");
        let (client_id, secret) = key.rsplit_once('_').unwrap();
        let ask = async |scope: &str| {
            let fields = [
                ("grant_type", "client_credentials"),
                ("client_id", client_id),
                ("client_secret", secret),
                ("scope", scope),
            ];
            app.anyone.post_form("/v1/oauth/token", &fields).await
        };
        for scope in ["", "finance", "finance finance"] {
            assert_eq!(
                ask(scope).await.expect(200)["scope"],
                "finance",
                "{scope:?}"
            );
        }
        for scope in ["openid", "merchant", "finance openid", "FINANCE"] {
            let refused = ask(scope).await.expect(400);
            assert_eq!(refused["error"], "invalid_scope", "{scope:?}");
        }
        let url = "/v1/oauth/token?grant_type=client_credentials";
        let refused = app.anyone.post_form(url, &[]).await.expect(400);
        assert_eq!(refused["error"], "invalid_request");
    });
}

#[test]
fn a_key_ends_when_it_says_and_tells_when_it_was_used() {
    run_test(async |app| {
        let (id, now) = (app.merchant.id, app.ambient.now());
        let mut key = NewApiKey::generate(&app.ambient, id, Mode::Test, Role::Bot);
        key.expires_at = Some(now + Duration::minutes(10));
        let mut db = app.pool.acquire().await.unwrap();
        store::insert_key(&mut db, &key, now).await.unwrap();
        let used = async || {
            app.app.authenticator.note_uses().await.unwrap();
            let keys = store::keys(&app.pool, id).await.unwrap();
            keys.iter().find(|k| k.id == key.id).unwrap().last_used_at
        };
        assert_eq!(used().await, None);
        let bot = app.anyone.with_key(&key.text());
        bot.get("/v1/events").await.expect(200);
        let first = used().await.unwrap();
        assert!(first >= now - Duration::SECOND, "{first} {now}");
        let token = app.anyone.token_of(&key.text()).await.expect(200);
        let by_token = app.anyone.with_key(token["access_token"].as_str().unwrap());
        by_token.get("/v1/events").await.expect(200);
        app.clock.advance(Duration::minutes(10));
        for caller in [&bot, &by_token] {
            caller.get("/v1/events").await.problem(401, "unauthorized");
        }
        let refused = app.anyone.token_of(&key.text()).await;
        assert_eq!(refused.status, 401, "{}", refused.text());
    });
}

#[test]
fn a_key_of_the_other_mode_is_no_key() {
    run_test(async |app| {
        let live = app.live_merchant().await;
        for (caller, word, other) in [
            (&app.merchant.bot, "tp_test_", "tp_live_"),
            (&live.bot, "tp_live_", "tp_test_"),
        ] {
            let key = caller.key();
            assert!(key.starts_with(word), "{word}");
            caller.get("/v1/events").await.expect(200);
            let changed = app.anyone.with_key(&key.replace(word, other));
            changed.get("/v1/events").await.problem(401, "unauthorized");
        }
    });
}

#[test]
fn a_bot_changes_only_the_endpoints_that_it_made() {
    run_test(async |app| {
        let (bot, owner) = (&app.merchant.bot, &app.merchant.owner);
        let ambient = &app.ambient;
        let other = NewApiKey::generate(ambient, app.merchant.id, Mode::Test, Role::Bot);
        let mut db = app.pool.acquire().await.unwrap();
        store::insert_key(&mut db, &other, ambient.now())
            .await
            .unwrap();
        let other = app.anyone.with_key(&other.text());
        let token = app.anyone.token_of(&bot.key()).await.expect(200);
        let by_token = app.anyone.with_key(token["access_token"].as_str().unwrap());
        let endpoint = bot
            .create_endpoint("https://bot.example/hook", &["*"])
            .await;
        let id = endpoint["id"].as_str().unwrap();
        let path = format!("/v1/callback_endpoints/{id}");
        let ping = by_token
            .post(&format!("{path}/ping"), &json!({}))
            .await
            .expect(202);
        let retry = format!("/v1/deliveries/{}/retry", ping["id"].as_str().unwrap());
        let calls = [
            (format!("{path}/rotate_secret"), json!({})),
            (format!("{path}/ping"), json!({})),
            (format!("{path}/replay"), json!({"after_sequence": 0})),
            (retry, json!({})),
        ];
        let changes = json!({"description": "mine"});
        for (call, body) in &calls {
            other.post(call, body).await.problem(403, "forbidden");
            for caller in [bot, owner] {
                let done = caller.post(call, body).await;
                assert!(done.status < 300, "{call}: {}", done.text());
                // An endpoint has one replay at a time.
                app.replay().await;
            }
        }
        other
            .change_endpoint(id, &changes)
            .await
            .problem(403, "forbidden");
        by_token.change_endpoint(id, &changes).await.expect(200);
        // It sees it, so that it does not make it again.
        other.get(&path).await.expect(200);
        let delete = |caller: &Client| caller.request("DELETE", &path);
        let refused = other.send(delete(&other)).await;
        refused.problem(403, "forbidden");
        let of_owner = owner
            .create_endpoint("https://owner.example/hook", &["*"])
            .await;
        let of_owner = of_owner["id"].as_str().unwrap();
        bot.change_endpoint(of_owner, &changes)
            .await
            .problem(403, "forbidden");
        bot.send(delete(bot)).await.expect(200);
    });
}

#[test]
fn a_key_may_take_its_endpoints_with_it() {
    run_test(async |app| {
        let (bot, owner) = (&app.merchant.bot, &app.merchant.owner);
        let own = bot
            .create_endpoint("https://bot.example/hook", &["*"])
            .await;
        let others = owner
            .create_endpoint("https://owner.example/hook", &["*"])
            .await;
        let key = own["created_by"].as_str().unwrap().to_owned();
        let revoke = async |line: String| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_threadpay"));
            command
                .args(line.split(' '))
                .env("DATABASE_URL", &app.database_url);
            let output = tokio::task::spawn_blocking(move || command.output().unwrap());
            let output = output.await.unwrap();
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        let plain = revoke(format!("key revoke {key}")).await;
        assert_eq!(plain, format!("Key {key} is revoked.\n"));
        let said = revoke(format!("key revoke {key} --endpoints --json")).await;
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said, json!({"id": key, "disabled_endpoints": [own["id"]]}));
        let seen = async |id: &Value| {
            let path = format!("/v1/callback_endpoints/{}", id.as_str().unwrap());
            owner.get(&path).await.expect(200)
        };
        let disabled = seen(&own["id"]).await;
        assert_eq!(disabled["status"], "disabled");
        let reason = disabled["disabled_reason"].as_str().unwrap();
        assert!(reason.contains(&key), "{reason}");
        assert_eq!(seen(&others["id"]).await["status"], "enabled");
    });
}

/// What can be made of a good token, the public key (`x` of its JWK) and a key of one's own, to pass
/// for the merchant.
fn forgeries(good: &str, x: &str) -> Vec<String> {
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts: {good}");
    };
    let with = |part: &str, name: &str, value: Value| {
        let read = BASE64.decode(part).unwrap();
        let mut changed: Value = serde_json::from_slice(&read).unwrap();
        changed[name] = value;
        BASE64.encode(changed.to_string())
    };
    let own = SigningKey::from_seed(&[9; 32]).unwrap();
    let own_x = BASE64.encode(own.public_key());
    let own_jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": own_x});
    let merchant = with(payload, "role", json!("merchant"));
    let signed = |header: &str| {
        let message = format!("{header}.{merchant}");
        let signature = BASE64.encode(own.sign(message.as_bytes()));
        format!("{message}.{signature}")
    };
    let hs256 = |secret: &[u8]| {
        let header = with(header, "alg", json!("HS256"));
        let message = format!("{header}.{merchant}");
        let signature = BASE64.encode(mac::sign(secret, &[message.as_bytes()]));
        format!("{message}.{signature}")
    };
    let none = with(header, "alg", json!("none"));
    let url = json!("http://127.0.0.1:9/jwks.json");
    vec![
        format!("{none}.{merchant}."),
        format!("{none}.{merchant}.{signature}"),
        format!("{}.{merchant}.", with(header, "alg", json!("NONE"))),
        format!("{header}.{merchant}.{signature}"),
        format!("{header}.{merchant}."),
        hs256(&BASE64.decode(x).unwrap()),
        hs256(x.as_bytes()),
        hs256(b""),
        signed(header),
        signed(&with(header, "kid", json!("other"))),
        signed(&with(header, "kid", json!("../../dev/null"))),
        signed(&with(header, "jwk", own_jwk)),
        signed(&with(header, "jku", url.clone())),
        signed(&with(header, "x5u", url)),
        signed(&with(header, "x5c", json!([own_x]))),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{signature}"),
        format!("{header}.{payload}"),
        format!("{good}AAAA"),
        good[..good.len() - 4].to_owned(),
        "..".to_owned(),
        ".".repeat(7000),
    ]
}

/// (What our own key would have to sign is tried in `src/base/crypto/jwt/tests.rs`.)
#[test]
fn nobody_else_can_make_a_token() {
    run_test(async |app| {
        let request = app.merchant.bot.request("GET", "/").build().unwrap();
        let key = request.headers()["authorization"].to_str().unwrap();
        let (id, secret) = key["Bearer ".len()..].rsplit_once('_').unwrap();
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
        ];
        let issued = app.anyone.post_form("/v1/oauth/token", &fields).await;
        let issued = issued.expect(200);
        let good = issued["access_token"].as_str().unwrap();
        let jwks = app.anyone.get("/.well-known/jwks.json").await.expect(200);
        let mut forged = forgeries(good, jwks["keys"][0]["x"].as_str().unwrap());
        let payload = BASE64.decode(good.split('.').nth(1).unwrap()).unwrap();
        let payload = serde_json::from_slice(&payload).unwrap();
        let receipt = app.app.keyring.signing.sign_document(&payload);
        forged.push(receipt.unwrap());
        for token in forged {
            let answer = app.anyone.with_key(&token).get("/v1/accounts").await;
            answer.problem(401, "unauthorized");
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(challenge.contains("invalid_token"), "{token}: {challenge}");
        }
        let bot = app.anyone.with_key(good);
        bot.get("/v1/events").await.expect(200);
    });
}
