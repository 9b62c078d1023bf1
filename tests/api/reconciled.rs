//! What follows from a statement: decisions, refunds, and the operator who hands one in.

use super::{
    harness::run_test,
    statements::camt,
    transfers::{IBAN, reference},
};
use serde_json::{Value, json};
use std::{
    env, fs,
    process::{Command, Stdio},
};
use time::Duration;

#[test]
fn a_movement_of_a_transfer_is_decided_on_like_any_other() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let intent = app.awaited("20.00").await;
        app.import(&[("19.00", reference(&intent), "A1"), ("5.00", "?", "A2")])
            .await;
        let movements = app.merchant.bot.get("/v1/movements").await.expect(200);
        let [unknown, under] = [&movements["data"][0], &movements["data"][1]];
        app.resolved(under, "accept").await;
        let id = intent["id"].as_str().unwrap();
        assert_eq!(app.merchant.bot.intent(id).await["status"], "succeeded");
        app.resolved(unknown, "keep").await;
        // A payer forgot the reference: the merchant knows what it is for.
        let waiting = app.awaited("7.00").await;
        app.awaited("7.00").await;
        app.import(&[("7.00", "?", "A3")]).await;
        let movements = app.merchant.bot.get("/v1/movements").await.expect(200);
        let body = json!({"action": "assign", "payment_intent": waiting["id"]});
        let resolved = app.resolve_as(&movements["data"][0], &body).await;
        assert_eq!(resolved.expect(200)["status"], "resolved");
        let paid = app
            .merchant
            .bot
            .intent(waiting["id"].as_str().unwrap())
            .await;
        assert_eq!(
            (&paid["status"], &paid["rail"]),
            (&json!("succeeded"), &json!("bank_transfer"))
        );
        app.clock.advance(Duration::days(8));
        app.resolve().await;
    });
}

#[test]
fn a_refund_of_a_transfer_is_a_file_for_the_bank() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let intent = app.awaited("20.00").await;
        app.import(&[("20.00", reference(&intent), "A1")]).await;
        let id = intent["id"].as_str().unwrap();
        let refund = app.merchant.bot.refund(id, "5.00").await.expect(201);
        assert_eq!(refund["status"], "pending");
        let refund = refund["id"].as_str().unwrap();
        let path = format!("/v1/refunds/{refund}/transfer");
        let finance = &app.merchant.finance;
        let file = finance.get(&path).await;
        assert_eq!(file.status, 200, "{}", file.text());
        let said = refund.replace('_', "-");
        for text in ["AT611904300234573201", IBAN, "5.00", &said, "Ann"] {
            assert!(file.text().contains(text), "{text}: {}", file.text());
        }
        // It went out, and came back from the payee's bank.
        let out = camt(&[("5.00", "refund", "B1")], 10_000, &app.today());
        let out = out
            .replacen(
                "<CdtDbtInd>CRDT</CdtDbtInd><Sts>",
                "<CdtDbtInd>DBIT</CdtDbtInd><Sts>",
                1,
            )
            .replacen(
                "<TxDtls>",
                &format!("<TxDtls><Refs><EndToEndId>{said}</EndToEndId></Refs>"),
                1,
            )
            .replacen("105.00", "95.00", 1);
        let sent = app.give(&out).await.expect(201);
        assert_eq!(sent["counts"]["matched"], 1, "{sent}");
        let status = async || {
            let found = app.merchant.bot.get(&format!("/v1/refunds/{refund}")).await;
            found.expect(200)["status"].clone()
        };
        assert_eq!(status().await, "succeeded");
        finance.get(&path).await.problem(409, "invalid_state");
        let back = camt(&[("5.00", "account closed", "B2")], 9_500, &app.today());
        let back = back.replacen(
            "<TxDtls>",
            &format!("<TxDtls><Refs><EndToEndId>{said}</EndToEndId></Refs>"),
            1,
        );
        app.give(&back).await.expect(201);
        assert_eq!(status().await, "failed");
        // A payment by other means has no account to send money back to.
        let paid = app.merchant.bot.paid("5.00", "EUR").await;
        let other = app.merchant.bot.refund(&paid, "1.00").await.id();
        let none = finance.get(&format!("/v1/refunds/{other}/transfer")).await;
        none.problem(409, "invalid_state");
    });
}

#[test]
fn the_operator_hands_in_a_statement() {
    run_test(async |app| {
        let account = app.merchant.owner.add_bank(IBAN).await;
        let intent = app.awaited("12.50").await;
        let lines = [("12.50", reference(&intent), "A1")];
        let file = camt(&lines, 10_000, &app.today());
        let path = env::temp_dir().join(format!("{}.xml", app.merchant.id));
        fs::write(&path, file).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_threadpay"));
        command
            .args(["statement", "import", path.to_str().unwrap(), "--json"])
            .args(["--merchant", &app.merchant.id.to_string()])
            .args(["--account", account["id"].as_str().unwrap()])
            .env("DATABASE_URL", &app.database_url)
            .env(
                "THREADPAY_MASTER_KEY",
                "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
            )
            .env("THREADPAY_PUBLIC_URL", &app.base_url)
            .stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = output.await.unwrap();
        fs::remove_file(&path).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let told = String::from_utf8(output.stdout).unwrap();
        let told: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
        assert_eq!(told["counts"]["matched"], 1, "{told}");
        assert_eq!(told["created_by"], "operator");
        let id = intent["id"].as_str().unwrap();
        assert_eq!(app.merchant.bot.intent(id).await["status"], "succeeded");
    });
}
