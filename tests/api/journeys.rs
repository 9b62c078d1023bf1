//! The journeys of `ARCHITECTURE.md`, walked by the people who make them.

use super::harness::{Sink, run_test};
use serde_json::{Value, json};

/// A bot asks in a thread, the payer pays on the page, the books and the thread's bot know.
#[test]
fn a_bot_asks_and_is_paid() {
    run_test(async |app| {
        let (bot, sink) = (&app.merchant.bot, Sink::start(&[]));
        let endpoint = bot
            .create_endpoint(&sink.url, &["payment_intent.succeeded"])
            .await;
        let thread = json!({"channel": "slack", "tenant": "T1", "conversation": "C2", "thread": "17.1", "message": null, "user": "U3"});
        let body =
            json!({"amount": "12.50", "currency": "EUR", "description": "Lunch", "thread": thread});
        let intent = bot.create_intent(&body).await.expect(201);

        let answer = app
            .anyone
            .pay(intent["pay_url"].as_str().unwrap(), "pm_sandbox_ok")
            .await;
        assert_eq!(answer.status, 303);
        let receipt = app.anyone.get(answer.header("location").unwrap()).await;
        assert_eq!(receipt.status, 200);
        assert!(receipt.text().contains("12.50"));

        app.deliver().await;
        let callback = sink.received().pop().unwrap();
        callback.verify(endpoint["secret"].as_str().unwrap());
        let told = callback.json();
        assert_eq!(
            (&told["thread"], &told["data"]["status"]),
            (&thread, &json!("succeeded"))
        );
        assert_eq!(
            told["data"],
            bot.intent(intent["id"].as_str().unwrap()).await
        );

        let path = format!(
            "/v1/payment_intents/{}/entries",
            intent["id"].as_str().unwrap()
        );
        let entries = app.merchant.finance.get(&path).await.expect(200);
        let entry = &entries["data"][0];
        assert_eq!(told["journal_entries"], json!([entry["id"]]));
        assert_eq!(entry["thread"], "slack:T1/C2/17.1");
        let sides: Vec<Value> = entry["postings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| json!([p["account"], p["direction"], p["amount"]]))
            .collect();
        let debit = json!(["rail:sandbox:clearing", "debit", "12.50"]);
        assert_eq!(
            sides,
            [debit, json!(["merchant:pending", "credit", "12.50"])]
        );
    });
}

/// Finance exports a month and finds in it what the trial balance says.
#[test]
fn finance_exports_a_month() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        let id = bot.paid("12.50", "EUR").await;
        bot.refund(&id, "2.50").await.expect(201);
        bot.paid("500", "JPY").await;
        let finance = &app.merchant.finance;
        let path = "/v1/exports/journal?from=2020-01-01&to=2099-01-01&format=csv";
        let export = finance.get(path).await;
        assert_eq!(export.status, 200);
        // All but the row that says when the books of a period that is not over were read.
        let rows = |text: String| {
            let rows = text.lines().filter(|row| !row.contains(",open,"));
            rows.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(rows(finance.get(path).await.text()), rows(export.text()));
        let mut reader = csv::Reader::from_reader(export.bytes.as_slice());
        let columns: Vec<String> = reader
            .headers()
            .unwrap()
            .iter()
            .map(str::to_owned)
            .collect();
        let at = |name: &str| columns.iter().position(|column| column == name).unwrap();
        let rows = reader.records().map(Result::unwrap);
        let rows: Vec<csv::StringRecord> = rows.filter(|row| &row[at("kind")] != "open").collect();
        let totals: Vec<_> = rows
            .iter()
            .filter(|row| &row[at("kind")] == "control_total")
            .collect();
        assert_eq!(rows.len() - totals.len(), 6);
        let trial = finance.get("/v1/trial_balance").await.expect(200);
        for total in totals {
            let side = if &total[at("direction")] == "debit" {
                "debits"
            } else {
                "credits"
            };
            let own = trial["data"].as_array().unwrap().iter();
            let own = own.filter(|row| row["currency"] == total[at("currency")]);
            let digits = |text: &str| text.replace('.', "").parse::<i64>().unwrap();
            let sum: i64 = own.map(|row| digits(row[side].as_str().unwrap())).sum();
            assert_eq!(sum, digits(&total[at("amount")]), "{total:?}");
        }
    });
}
