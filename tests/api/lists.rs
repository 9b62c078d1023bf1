//! Lists, narrowed: by what is printed, and without a look at all there is.

use super::harness::{Client, TestApp, new_database, run, run_test};
use serde_json::{Value, json};
use time::Duration;

async fn ids(client: &Client, path: &str) -> Vec<String> {
    let list = client.get(path).await.expect(200);
    let data = list["data"].as_array().unwrap().iter();
    data.map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn lists_know_the_status_that_they_print() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let body = json!({"amount": "2.00", "currency": "EUR", "expires_in": 60});
        let link = bot.create_link(&body).await["id"].clone();
        let intent = bot.create_intent(&body).await.expect(201)["id"].clone();
        let intent = intent.as_str().unwrap();
        app.clock.advance(Duration::seconds(61));
        // Before any worker writes it down, and after.
        for _ in 0..2 {
            let open = ids(bot, "/v1/payment_intents?status=requires_payment").await;
            assert!(open.is_empty(), "{open:?}");
            let expired = ids(bot, "/v1/payment_intents?status=expired").await;
            assert_eq!(expired, [intent]);
            let active = ids(bot, "/v1/payment_links?status=active").await;
            assert!(active.is_empty(), "{active:?}");
            let expired = ids(bot, "/v1/payment_links?status=expired").await;
            assert_eq!(expired, [link.as_str().unwrap()]);
            app.expire().await;
        }
    });
}

/// Follows a list to its end as its description says, and gives what is in it.
async fn follow(app: &TestApp, filter: &str) -> (usize, Vec<Value>) {
    let (mut found, mut after, mut parts) = (Vec::new(), String::new(), 0);
    loop {
        let path = format!("/v1/payment_intents?{filter}{after}");
        let part = app.merchant.bot.get(&path).await.expect(200);
        let data = part["data"].as_array().unwrap();
        found.extend(data.iter().cloned());
        parts += 1;
        if part["has_more"] == json!(false) {
            assert_eq!(part["next_cursor"], json!(null));
            return (parts, found);
        }
        let last = data.last().map(|last| &last["id"]);
        let next = part.get("next_cursor").or(last).unwrap();
        after = format!("&after={}", next.as_str().unwrap());
    }
}

#[test]
fn a_list_that_ends_early_says_where_to_go_on() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let body = json!({"amount": "2.00", "currency": "EUR", "thread": {"channel": "slack", "conversation": "C1", "thread": "7"}});
        let old = bot.create_intent(&body).await.expect(201)["id"].clone();
        let mut db = app.pool.acquire().await.unwrap();
        // More than one look reads, all newer.
        let many = "INSERT INTO payment_intents (merchant_id, id, status, currency, amount, capture_method, line_items, metadata,
                rail, event_sequence, expires_at, created_at, updated_at)
            SELECT merchant_id, ('ff9b0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'canceled', currency, amount,
                capture_method, '[]', '{}', rail, 0, expires_at, created_at, updated_at
            FROM payment_intents, generate_series(1, 20500) n";
        run(&mut db, many).await;
        for filter in ["status=requires_payment", "channel=slack", "thread=7"] {
            let (parts, found) = follow(app, filter).await;
            let found: Vec<&Value> = found.iter().map(|one| &one["id"]).collect();
            assert_eq!((parts, found), (2, vec![&old]), "{filter}");
        }
        let path = "/v1/payment_intents?status=canceled&limit=100";
        let full = bot.get(path).await.expect(200);
        assert_eq!(full["data"].as_array().unwrap().len(), 100);
        assert_eq!(full.get("next_cursor"), None);
        run(
            &mut db,
            "DELETE FROM payment_intents WHERE status = 'canceled'",
        )
        .await;
    });
}

#[test]
fn a_feed_of_one_type_is_read_in_parts() {
    run_test(async |_| {
        // A database of its own, whose feed is made up.
        let app = TestApp::on(new_database().await).await;
        let bot = &app.merchant.bot;
        bot.ask_for("1.00", "EUR").await;
        let mut db = app.pool.acquire().await.unwrap();
        // More events than one look reads, as another process would have left them.
        let fill = "INSERT INTO events (merchant_id, sequence, id, type, payload, created_at)
            SELECT merchant_id, n, gen_random_uuid(), 'ping', payload, created_at
            FROM events, generate_series(2, 20500) n";
        run(&mut db, fill).await;
        run(&mut db, "UPDATE books SET event_sequence = 20500").await;
        bot.ask_for("1.00", "EUR").await;
        let path = "/v1/events?type=payment_intent.created&after=";
        let first = bot.get(&format!("{path}1")).await.expect(200);
        assert_eq!(
            (&first["data"], &first["has_more"]),
            (&json!([]), &json!(true))
        );
        let next = first["next_after"].as_i64().unwrap();
        let rest = bot.get(&format!("{path}{next}")).await.expect(200);
        let waited = bot.get(&format!("{path}1&wait=5")).await.expect(200);
        for part in [&rest, &waited] {
            assert_eq!(
                (&part["has_more"], &part["next_after"]),
                (&json!(false), &json!(20_501))
            );
            assert_eq!(part["data"][0]["sequence"], 20_501);
        }
        drop(db);
        // No books have such a feed.
        app.stop().await;
    });
}
