//! Which currencies can be paid in, and how their amounts print and book.

use super::harness::run_test;
use serde_json::json;
use threadpay::{
    base::{actor::Actor, money::Money},
    domain::ledger::{Direction, Draft},
    writer::{PostingCommand, Submission},
};

#[test]
fn every_currency_prints_and_books_with_its_own_exponent() {
    run_test(async |app| {
        let bot = &app.merchant.bot;
        for (amount, printed, currency) in [
            ("500", "500", "JPY"),
            ("1.25", "1.250", "KWD"),
            ("12.5", "12.50", "EUR"),
            ("7", "7.00", "EUR"),
        ] {
            let id = bot.paid(amount, currency).await;
            let intent = bot.intent(&id).await;
            assert_eq!(intent["amount"], printed);
            assert_eq!(intent["amount_captured"], printed);
            let entries = app
                .merchant
                .finance
                .get(&format!("/v1/payment_intents/{id}/entries"))
                .await;
            let posting = &entries.expect(200)["data"][0]["postings"][0];
            assert_eq!(
                (&posting["amount"], &posting["currency"]),
                (&json!(printed), &json!(currency))
            );
        }
        let trial = app
            .merchant
            .finance
            .get("/v1/trial_balance")
            .await
            .expect(200);
        assert_eq!(trial["balanced"], true);
        let side = |currency: &str| {
            let rows = trial["data"].as_array().unwrap().iter();
            let row = rows
                .filter(|row| row["currency"] == currency)
                .find(|row| row["account"] == "merchant:pending");
            row.unwrap()["credits"].as_str().unwrap().to_owned()
        };
        assert_eq!(
            [side("JPY"), side("KWD"), side("EUR")],
            ["500", "1.250", "19.50"]
        );
    });
}

/// What nobody can pay in any more is refused by name; small letters are taken and print large.
#[test]
fn a_currency_is_one_that_can_be_paid_in() {
    run_test(async |app| {
        let (bot, owner) = (&app.merchant.bot, &app.merchant.owner);
        let small = bot.paid("1.5", "eur").await;
        assert_eq!(bot.intent(&small).await["currency"], "EUR");
        let link = json!({"amount": "1.00", "currency": "usd"});
        let link = bot.post("/v1/payment_links", &link).await.expect(201);
        assert_eq!(link["currency"], "USD");
        for code in ["BGN", "ang", "CLF", "USN", "XAU", "XXX", "ABC"] {
            let body = json!({"amount": "1", "currency": code});
            for path in ["/v1/payment_intents", "/v1/payment_links"] {
                let refused = bot.post(path, &body).await;
                let problem = refused.problem(422, "invalid_currency");
                assert_eq!(problem["param"], "/currency", "{problem}");
            }
            let side = |side| json!({"account": "suspense", "direction": side, "amount": "1", "currency": code});
            let entry = json!({"postings": [side("debit"), side("credit")]});
            let entry = owner.post("/v1/sandbox/journal_entries", &entry).await;
            entry.problem(422, "invalid_currency");
        }
    });
}

/// Books in a currency that is no longer taken stop nothing.
#[test]
fn a_withdrawn_currency_stays_readable() {
    run_test(async |app| {
        let gulden = Money::new(150, "ANG".parse().unwrap());
        let lines = [
            ("suspense", Direction::Debit),
            ("disputes", Direction::Credit),
        ];
        let lines = lines.map(|(code, side)| (code.parse().unwrap(), side, gulden));
        let entry = Submission {
            merchant: app.merchant.id,
            actor: Actor::Operator,
            command: PostingCommand::Post(Draft::adjustment(lines.to_vec(), None).unwrap()).into(),
            claim: None,
            request_id: String::new(),
            bytes: 0,
        };
        app.app.writer.submit(entry).await.unwrap();
        app.merchant.bot.paid("1.00", "EUR").await;
        let trial = app.merchant.owner.get("/v1/trial_balance").await;
        let trial = trial.expect(200);
        assert_eq!(trial["data"][0]["currency"], "ANG");
        assert_eq!(trial["data"][0]["credits"], "1.50");
    });
}
