//! Rail accounts: made, changed, switched off and on, checked; and what a merchant is paid by.

use super::harness::{TestApp, new_key, run_test};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

const PATH: &str = "/v1/rail_accounts";
const IBAN: &str = "DE89370400440532013000";

fn swiss() -> Value {
    let address = json!({
        "street": "Bahnhofstrasse", "building": "1", "postcode": "8001", "town": "Zürich",
        "country": "CH",
    });
    let settings = json!({
        "scheme": "swiss", "name": "Café Zürich", "iban": "CH44 3199 9123 0008 8901 2",
        "address": address,
    });
    json!({"rail": "bank_transfer", "label": "Zürich", "settings": settings})
}

#[test]
fn an_account_is_made_read_changed_and_switched_off() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        let (key, body) = (new_key(), swiss().to_string());
        let first = owner.post_with(&key, PATH, &body).await;
        let made = first.expect(201);
        assert_eq!(made["object"], "rail_account");
        assert_eq!(
            (&made["status"], &made["livemode"]),
            (&json!("active"), &json!(false))
        );
        assert_eq!(made["settings"]["iban"], "CH4431999123000889012");
        assert_eq!(made["settings"]["wait_days"], 7);
        assert!(made["created_by"].as_str().unwrap().starts_with("key_"));
        let again = owner.post_with(&key, PATH, &body).await;
        assert_eq!(
            (&again.bytes, again.header("idempotent-replayed")),
            (&first.bytes, Some("true"))
        );
        let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
        assert_eq!(owner.get(&path).await.expect(200), made);

        let edits =
            json!({"label": null, "settings": {"wait_days": 30, "address": {"building": null}}});
        let changed = owner.patch(&path, &edits).await.expect(200);
        assert_eq!(changed["label"], Value::Null);
        assert_eq!(changed["settings"]["wait_days"], 30);
        assert_eq!(changed["settings"]["address"]["building"], Value::Null);
        assert_eq!(changed["settings"]["address"]["town"], "Zürich");
        assert_eq!(owner.get(&path).await.expect(200), changed);
        let other = json!({"settings": {"iban": "CH9300762011623852957"}});
        let refused = owner
            .patch(&path, &other)
            .await
            .problem(422, "invalid_request");
        assert_eq!(refused["param"], "/settings");

        for _ in 0..2 {
            let gone = owner.send(owner.request("DELETE", &path)).await.expect(200);
            assert_eq!(gone["status"], "disabled");
        }
        let back = owner
            .patch(&path, &json!({"enabled": true}))
            .await
            .expect(200);
        assert_eq!(back["status"], "active");
        let checked = owner
            .post(&format!("{path}/check"), &json!({}))
            .await
            .expect(200);
        assert_eq!(checked["checked"], "settings");
        assert_eq!(checked["id"], made["id"]);
    });
}

#[test]
fn what_cannot_be_taken_is_refused_by_its_place() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        for (pointer, value, code, param) in [
            ("/rail", json!("paypal"), "invalid_request", "/rail"),
            (
                "/settings/iban",
                json!("CH4431999123000889013"),
                "invalid_request",
                "/settings/iban",
            ),
            (
                "/settings/bic",
                json!(null),
                "invalid_request",
                "/settings/bic",
            ),
            (
                "/settings/address/zip",
                json!("1"),
                "unknown_field",
                "/settings/address/zip",
            ),
            ("/settings", json!(null), "invalid_request", "/settings"),
            ("/credentials", json!({}), "invalid_request", "/credentials"),
            (
                "/label",
                json!("4242 4242 4242 4242"),
                "card_number_not_allowed",
                "/label",
            ),
        ] {
            let mut body = swiss();
            let (object, name) = pointer.rsplit_once('/').unwrap();
            body.pointer_mut(object).unwrap()[name] = value;
            let refused = owner.post(PATH, &body).await.problem(422, code);
            assert_eq!(refused["param"], param, "{refused}");
        }
        assert_eq!(owner.get(PATH).await.expect(200)["data"], json!([]));
    });
}

#[test]
fn no_account_is_there_twice() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        let first = owner.add_bank(IBAN).await;
        let (key, settings) = (new_key(), &first["settings"]);
        let body = json!({"rail": "bank_transfer", "settings": settings}).to_string();
        let refused = owner.post_with(&key, PATH, &body).await;
        let problem = refused.problem(409, "duplicate_rail_account");
        let told = problem["detail"].as_str().unwrap();
        assert!(told.contains(first["id"].as_str().unwrap()), "{told}");
        let again = owner.post_with(&key, PATH, &body).await;
        assert_eq!(again.bytes, refused.bytes);
        let path = format!("{PATH}/{}", first["id"].as_str().unwrap());
        owner
            .patch(&path, &json!({"enabled": false}))
            .await
            .expect(200);
        let second = owner.add_bank(IBAN).await;
        let enable = owner.patch(&path, &json!({"enabled": true})).await;
        enable.problem(409, "duplicate_rail_account");
        app.another_merchant().await.owner.add_bank(IBAN).await;
        let page = owner.get(&format!("{PATH}?limit=1")).await.expect(200);
        assert_eq!(
            (&page["data"][0], &page["has_more"]),
            (&second, &json!(true))
        );
        let after = page["data"][0]["id"].as_str().unwrap();
        let rest = owner
            .get(&format!("{PATH}?after={after}"))
            .await
            .expect(200);
        assert_eq!(rest["data"][0]["id"], first["id"]);
        assert_eq!(rest["has_more"], false);
    });
}

#[test]
fn rails_are_the_sandbox_and_each_account() {
    run_test(async |app| {
        let names = async |app: &TestApp, live: bool| {
            let merchant = if live {
                app.live_merchant().await
            } else {
                app.another_merchant().await
            };
            merchant.owner.add_bank(IBAN).await;
            let rails = merchant.bot.get("/v1/rails").await.expect(200);
            let of = |rail: &Value| rail["name"].clone();
            let rails = rails["data"].as_array().unwrap();
            (
                rails.iter().map(of).collect::<Vec<_>>(),
                rails.last().unwrap().clone(),
            )
        };
        let bank = json!("bank_transfer");
        let (test, last) = names(app, false).await;
        assert_eq!(test, [json!("sandbox"), bank.clone()]);
        assert_eq!(
            (&last["currencies"], &last["how"]),
            (&json!(["EUR"]), &json!("bank_transfer"))
        );
        assert_eq!(
            (&last["minimum"], &last["maximum"]),
            (&json!("0.01"), &json!("999999999.99"))
        );
        let (live, last) = names(app, true).await;
        assert_eq!((live, &last["mode"]), (vec![bank], &json!("live")));
    });
}

/// Runs `threadpay rail …` on the database of the service; what it prints, as JSON.
async fn command(app: &TestApp, arguments: &[&str]) -> Result<Value, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_threadpay"));
    command
        .args(["rail"].iter().chain(arguments))
        .args(["--merchant", &app.merchant.id.to_string(), "--json"])
        .env("DATABASE_URL", &app.database_url)
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

#[test]
fn the_operator_does_the_same_by_commands() {
    run_test(async |app| {
        let settings = swiss()["settings"].to_string();
        let add = [
            "add",
            "bank_transfer",
            "--settings",
            &settings,
            "--label",
            "Zürich",
        ];
        let id = command(app, &add).await.unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let path = format!("{PATH}/{id}");
        let seen = app.merchant.owner.get(&path).await.expect(200);
        assert_eq!(
            (&seen["label"], &seen["created_by"]),
            (&json!("Zürich"), &json!("operator"))
        );
        let list = command(app, &["list"]).await.unwrap();
        assert_eq!(list["data"], json!([seen]));
        let refused = command(app, &add).await.unwrap_err();
        assert!(
            refused.contains(&id) && refused.lines().count() == 1,
            "{refused}"
        );
        let checked = command(app, &["check", &id]).await.unwrap();
        assert_eq!(checked["checked"], "settings");
        command(app, &["disable", &id]).await.unwrap();
        let seen = app.merchant.owner.get(&path).await.expect(200);
        assert_eq!(seen["status"], "disabled");
        let wrong = settings
            .replace("889012", "889013")
            .replace("8901 2", "8901 3");
        let wrong = ["add", "bank_transfer", "--settings", &wrong];
        let refused = command(app, &wrong).await.unwrap_err();
        assert!(refused.contains("/settings/iban"), "{refused}");
        let nobody = format!("ra_{}", "0".repeat(26));
        let refused = command(app, &["check", &nobody]).await.unwrap_err();
        assert!(refused.contains("no rail account"), "{refused}");
    });
}
