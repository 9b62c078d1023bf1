//! What a request may say, and in which ways.

use super::harness::{Client, new_key, run_test};
use serde_json::{Value, json};

#[test]
fn line_breaks_of_every_kind_are_lf() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        let text = "a\r\nb\rc\nd";
        let body = json!({
            "amount": "1.00", "currency": "EUR", "description": text, "reference": text,
            "metadata": {"note": text},
            "line_items": [{"label": text, "quantity": 1, "unit_amount": "1.00"}],
        });
        let intent = owner.create_intent(&body).await.expect(201);
        let read = "a\nb\nc\nd";
        assert_eq!(intent["description"], read);
        assert_eq!(intent["reference"], read);
        assert_eq!(intent["metadata"]["note"], read);
        assert_eq!(intent["line_items"][0]["label"], read);
        let body = json!({"amount": "1.00", "currency": "EUR", "description": text});
        assert_eq!(owner.create_link(&body).await["description"], read);
        let id = owner.paid("5.00", "EUR").await;
        let body = json!({"amount": "1.00", "reason": text});
        let path = format!("/v1/payment_intents/{id}/refunds");
        assert_eq!(owner.post(&path, &body).await.expect(201)["reason"], read);
        let body = json!({"url": "http://127.0.0.1:9/", "description": text});
        let endpoint = owner.post("/v1/callback_endpoints", &body).await;
        let endpoint = endpoint.expect(201);
        assert_eq!(endpoint["description"], read);
        let body = json!({"description": "x\r\ny"});
        let changed = owner.change_endpoint(endpoint["id"].as_str().unwrap(), &body);
        assert_eq!(changed.await.expect(200)["description"], "x\ny");
    });
}

#[test]
fn a_line_may_be_free_or_take_something_off() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let ask = async |amount: &str, lines: Value| {
            let body = json!({"amount": amount, "currency": "EUR", "line_items": lines});
            bot.create_intent(&body).await
        };
        let coffee = json!({"label": "Coffee", "quantity": 2, "unit_amount": "4.00"});
        let free = json!({"label": "Water", "quantity": 1, "unit_amount": "0.00"});
        let voucher =
            json!({"label": "Voucher", "kind": "discount", "quantity": 1, "unit_amount": "1.50"});
        let lines = json!([coffee, free, voucher]);
        let intent = ask("6.50", lines.clone()).await.expect(201);
        let kinds: Vec<&Value> = (0..3).map(|n| &intent["line_items"][n]["kind"]).collect();
        assert_eq!(kinds, ["item", "item", "discount"]);
        assert_eq!(intent["line_items"][2]["unit_amount"], "1.50");
        let id = intent["id"].as_str().unwrap();
        assert_eq!(bot.intent(id).await["line_items"], intent["line_items"]);
        let page = app.anyone.get(intent["pay_url"].as_str().unwrap()).await;
        assert!(page.text().contains("-€1.50"), "{}", page.text());
        for (amount, lines) in [("8.00", lines), ("1.50", json!([voucher]))] {
            let refused = ask(amount, lines).await.problem(422, "invalid_request");
            assert_eq!(refused["param"], "/line_items");
        }
        let less = json!([{"label": "Voucher", "quantity": 1, "unit_amount": "-1.00"}]);
        let refused = ask("1.00", less).await.problem(422, "invalid_amount");
        assert_eq!(refused["param"], "/line_items/0/unit_amount");
    });
}

#[test]
fn a_registered_reference_may_look_like_a_card_number() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        for path in ["/v1/payment_intents", "/v1/payment_links"] {
            let ask = async |reference: &str, of: Value| {
                let body = json!({"amount": "1.00", "currency": "NOK", "reference": reference,
                    "reference_type": of});
                bot.post(path, &body).await
            };
            let kid = "4400012345777778";
            ask(kid, Value::Null)
                .await
                .problem(422, "card_number_not_allowed");
            let made = ask(kid, json!("kid")).await.expect(201);
            assert_eq!(made["reference"], kid);
            ask("RF18539007547034", json!("rf")).await.expect(201);
            for (reference, of, param) in [
                ("4400012345777770", "kid", "/reference"),
                ("RF18539007547035", "rf", "/reference"),
                ("order-1", "ocr", "/reference"),
                (kid, "iban", "/reference_type"),
            ] {
                let refused = ask(reference, json!(of))
                    .await
                    .problem(422, "invalid_request");
                assert_eq!(refused["param"], param, "{reference} {of}");
            }
        }
    });
}

#[test]
fn a_packed_body_is_refused_by_name() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        let body = r#"{"amount":"1.00","currency":"EUR"}"#;
        let ask = async |coding: &str| {
            let request = owner.post_request(&new_key(), "/v1/payment_intents", body);
            owner.send(request.header("content-encoding", coding)).await
        };
        for coding in ["gzip", "br", "gzip, identity"] {
            let refused = ask(coding).await;
            refused.problem(415, "unsupported_media_type");
            assert_eq!(refused.header("accept-encoding"), Some("identity"));
        }
        ask("identity").await.expect(201);
    });
}

/// What was refused for its value is put right and sent with the same key.
#[test]
fn an_answer_with_422_does_not_take_the_key() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let id = bot.paid("5.00", "EUR").await;
        let refunds = format!("/v1/payment_intents/{id}/refunds");
        for (amount, status) in [("5.01", 422), ("9.00", 422), ("5.00", 201), ("5.00", 201)] {
            let body = json!({"amount": amount}).to_string();
            let answer = bot.post_with("refund", &refunds, &body).await;
            assert_eq!(answer.status, status, "{}", answer.text());
        }
        let body = json!({"amount": "8.00", "currency": "EUR", "capture_method": "manual"});
        let id = bot.create_intent(&body).await.id();
        bot.confirm(&id, "pm_sandbox_ok").await.expect(200);
        let capture = format!("/v1/payment_intents/{id}/capture");
        for (amount, status) in [("8.01", 422), ("7.00", 200)] {
            let body = json!({"amount": amount}).to_string();
            let answer = bot.post_with("capture", &capture, &body).await;
            assert_eq!(answer.status, status, "{}", answer.text());
        }
    });
}

#[test]
fn an_endpoint_is_patched_by_rfc_7396() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        let body = json!({"url": "http://127.0.0.1:9/", "description": "mine",
            "ordering": "none", "stripe_signature": true});
        let made = owner.post("/v1/callback_endpoints", &body).await;
        let made = made.expect(201);
        assert_eq!(made["event_types"], json!(["*"]));
        let id = made["id"].as_str().unwrap();
        let change = async |body: Value| owner.change_endpoint(id, &body).await;
        app.clock.advance(time::Duration::MINUTE);
        for same in [
            json!({}),
            json!({"description": "mine"}),
            json!({"url": "http://127.0.0.1:9/", "enabled": true, "ordering": "none"}),
        ] {
            let same = change(same).await.expect(200);
            assert_eq!(same["updated_at"], made["updated_at"]);
        }
        for field in ["url", "enabled"] {
            let refused = change(json!({field: null})).await;
            let problem = refused.problem(422, "invalid_request");
            assert_eq!(problem["param"], format!("/{field}"));
        }
        let narrowed = change(json!({"event_types": ["ping"]})).await.expect(200);
        assert_ne!(narrowed["updated_at"], made["updated_at"]);
        let cleared = change(json!({"description": null, "event_types": null,
            "ordering": null, "stripe_signature": null}));
        let cleared = cleared.await.expect(200);
        assert_eq!(cleared["description"], Value::Null);
        assert_eq!(cleared["event_types"], json!(["*"]));
        assert_eq!(cleared["ordering"], "intent");
        assert_eq!(cleared["stripe_signature"], false);
    });
}

#[test]
fn one_place_is_registered_once_however_its_url_is_written() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        let register = async |url: &str| {
            let body = json!({"url": url});
            owner.post("/v1/callback_endpoints", &body).await
        };
        let made = register("http://localhost:80/a/~b").await.expect(201);
        assert_eq!(made["url"], "http://localhost:80/a/~b");
        for same in [
            "http://LOCALHOST/a/~b",
            "HTTP://localhost:80/a/%7Eb",
            "http://localhost/x/../a/%7eb",
            "http://localhost/%61/~b",
        ] {
            register(same).await.problem(409, "duplicate_endpoint");
        }
        register("http://localhost/a/~b/").await.expect(201);
        register("http://localhost:9").await.expect(201);
        register("http://LOCALHOST:9/")
            .await
            .problem(409, "duplicate_endpoint");
    });
}

/// The ids of a list's parts, asked for with this limit until there is no more, by `after` and
/// then back by `before`.
async fn walk(client: &Client, path: &str) -> Vec<String> {
    let ids = |page: &Value| -> Vec<String> {
        let data = page["data"].as_array().unwrap().iter();
        data.map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let mark = if path.contains('?') { '&' } else { '?' };
    let path = format!("{path}{mark}limit=2");
    let mut all: Vec<String> = Vec::new();
    let mut next = path.clone();
    loop {
        let page = client.get(&next).await.expect(200);
        all.extend(ids(&page));
        if page["has_more"] == false {
            break;
        }
        next = format!("{path}&after={}", all.last().unwrap());
    }
    if let Some(last) = all.last() {
        let before = client
            .get(&format!("{path}&before={last}"))
            .await
            .expect(200);
        let from = all.len().saturating_sub(3);
        assert_eq!(ids(&before), all[from..all.len() - 1]);
        assert_eq!(before["has_more"], from > 0);
    }
    all
}

#[test]
fn refunds_and_entries_come_in_parts() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let id = bot.paid("9.00", "EUR").await;
        let mut refunds = Vec::new();
        for amount in ["1.00", "2.00", "1.00", "3.00", "1.00"] {
            refunds.push(bot.refund(&id, amount).await.id());
        }
        let other = bot.paid("9.00", "EUR").await;
        let others = bot.refund(&other, "1.00").await.id();
        refunds.reverse();
        let of_intent = format!("/v1/payment_intents/{id}/refunds");
        assert_eq!(walk(bot, &of_intent).await, refunds);
        assert_eq!(
            walk(bot, &format!("/v1/refunds?payment_intent={id}")).await,
            refunds
        );
        let all = [vec![others], refunds.clone()].concat();
        assert_eq!(walk(bot, "/v1/refunds?status=succeeded").await, all);
        for none in [
            "status=failed",
            "created_to=2020-01-01",
            "created_from=2100-01-01",
        ] {
            assert!(walk(bot, &format!("/v1/refunds?{none}")).await.is_empty());
            assert!(walk(bot, &format!("{of_intent}?{none}")).await.is_empty());
        }
        let finance = &app.merchant.finance;
        let entries = walk(finance, &format!("/v1/payment_intents/{id}/entries")).await;
        assert_eq!(entries.len(), 6);
        let source = format!("/v1/journal_entries?source={}", refunds[0]);
        assert_eq!(walk(finance, &source).await, entries[5..]);
        let captured = format!("/v1/journal_entries?source={id}&account=merchant:pending");
        assert_eq!(walk(finance, &captured).await, entries[..1]);
    });
}

#[test]
fn links_are_found_by_what_they_were_made_with() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let make = async |reference: &str, conversation: &str, expires_in: Value| {
            let thread = json!({"channel": "slack", "conversation": conversation});
            let body = json!({"amount": "1.00", "currency": "EUR", "reference": reference,
                "thread": thread, "expires_in": expires_in});
            bot.create_link(&body).await["id"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let a = make("a", "C1", json!(60)).await;
        let b = make("b", "C1", Value::Null).await;
        let c = make("a", "C2", Value::Null).await;
        let off = format!("/v1/payment_links/{c}/deactivate");
        bot.post(&off, &json!({})).await.expect(200);
        app.clock.advance(time::Duration::minutes(2));
        for (query, found) in [
            ("reference=a", vec![&c, &a]),
            ("reference=x", vec![]),
            ("conversation=C1", vec![&b, &a]),
            ("reference=a&conversation=C1", vec![&a]),
            ("status=active", vec![&b]),
            ("status=expired", vec![&a]),
            ("status=inactive", vec![&c]),
            ("status=completed", vec![]),
            (
                "created_from=2000-01-01&created_to=2100-01-01",
                vec![&c, &b, &a],
            ),
            ("created_from=2100-01-01", vec![]),
            ("created_to=2000-01-01", vec![]),
        ] {
            let links = walk(bot, &format!("/v1/payment_links?{query}")).await;
            assert_eq!(links.iter().collect::<Vec<_>>(), found, "{query}");
        }
    });
}

#[test]
fn a_span_of_time_ends_after_it_begins() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        for (list, from, to) in [
            ("payment_intents", "created_from", "created_to"),
            ("payment_links", "created_from", "created_to"),
            ("refunds", "created_from", "created_to"),
            ("journal_entries", "from", "to"),
        ] {
            for (begin, end) in [("2026-01-01", "2026-01-01"), ("2026-01-02", "2026-01-01")] {
                let path = format!("/v1/{list}?{from}={begin}&{to}={end}");
                let problem = owner.get(&path).await.problem(422, "invalid_request");
                assert_eq!(problem["param"], format!("/{to}"), "{path}");
            }
            let path = format!("/v1/{list}?{from}=2026-01-01&{to}=2026-01-01T00:00:00.001Z");
            owner.get(&path).await.expect(200);
        }
    });
}

#[test]
fn an_export_may_hold_one_currency_or_one_account() {
    run_test(async |app| {
        let (bot, finance) = (&app.merchant.bot, &app.merchant.finance);
        bot.paid("5.00", "EUR").await;
        bot.paid("700", "JPY").await;
        let export = async |more: &str| {
            let path =
                format!("/v1/exports/journal?from=2000-01-01&to=2100-01-01&format=jsonl{more}");
            let answer = finance.get(&path).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let text = answer.text();
            let rows = text
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap());
            let rows = rows.filter(|row| row["entry_id"].is_string());
            let place =
                |row: Value| format!("{} {}", row["currency"], row["account"]).replace('"', "");
            rows.map(place).collect::<Vec<_>>()
        };
        let yen = ["JPY rail:sandbox:clearing", "JPY merchant:pending"];
        assert_eq!(export("").await.len(), 4);
        assert_eq!(export("&currency=JPY").await, yen);
        assert_eq!(export("&currency=USD").await, Vec::<String>::new());
        let pending = ["EUR merchant:pending", "JPY merchant:pending"];
        assert_eq!(export("&account=merchant:pending").await, pending);
        assert_eq!(
            export("&account=merchant:pending&currency=JPY").await,
            pending[1..]
        );
        for (more, code) in [
            ("&currency=XXQ", "invalid_currency"),
            ("&account=x", "invalid_request"),
        ] {
            let path =
                format!("/v1/exports/journal?from=2000-01-01&to=2100-01-01&format=csv{more}");
            finance.get(&path).await.problem(422, code);
        }
    });
}
