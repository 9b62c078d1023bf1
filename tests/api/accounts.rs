//! The chart of accounts, used or not, and what an account's code is good for.

use super::harness::{run, run_test};
use serde_json::{Value, json};

const UNUSED: [&str; 12] = [
    "bank:<currency>[:<rail_account>]",
    "disputes",
    "fees:platform",
    "fees:rail",
    "merchant:available",
    "merchant:pending",
    "merchant:reserve",
    "payouts:in_transit",
    "rail:<rail>[:<rail_account>]:clearing",
    "rail:sandbox:clearing",
    "suspense",
    "tips",
];

fn codes(list: &Value) -> Vec<&str> {
    let accounts = list["data"].as_array().unwrap().iter();
    accounts.map(|a| a["code"].as_str().unwrap()).collect()
}

fn account<'a>(list: &'a Value, code: &str) -> &'a Value {
    let mut accounts = list["data"].as_array().unwrap().iter();
    accounts.find(|a| a["code"] == code).unwrap()
}

#[test]
fn the_whole_chart_is_listed_before_the_first_posting() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        let list = owner.get("/v1/accounts").await.expect(200);
        assert_eq!(codes(&list), UNUSED);
        for account in list["data"].as_array().unwrap() {
            assert!(
                account["description"].as_str().unwrap().ends_with('.'),
                "{account}"
            );
            assert_eq!(account["created_at"], Value::Null);
            let path = format!(
                "/v1/accounts/{}/balances",
                account["code"].as_str().unwrap()
            );
            let balances = owner.get(&path).await.expect(200);
            assert_eq!(balances["data"], json!([]));
            assert_eq!(balances["normal_side"], account["normal_side"]);
        }
        let expense = account(&list, "fees:rail");
        assert_eq!(
            (&expense["kind"], &expense["normal_side"]),
            (&json!("expense"), &json!("debit"))
        );
        let kinds = |code: &str| account(&list, code)["kind"].clone();
        assert_eq!(kinds("tips"), "liability");
        assert_eq!(kinds("disputes"), "asset");
        assert_eq!(kinds("fees:platform"), "income");
        assert_eq!(account(&list, "suspense")["may_be_negative"], true);
        assert_eq!(account(&list, "merchant:reserve")["may_be_negative"], false);
    });
}

#[test]
fn accounts_of_every_family_can_be_posted_to() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        let rail_account = "ra_01kmz6v7h3e8r9t2x4c5b6n7m8";
        let used = [
            "bank:EUR".to_owned(),
            format!("bank:EUR:{rail_account}"),
            "tips".to_owned(),
            "merchant:reserve".to_owned(),
            "rail:stripe:clearing".to_owned(),
            format!("rail:stripe:{rail_account}:clearing"),
        ];
        for code in &used {
            let line = |account: &str, side: &str| json!({"account": account, "direction": side, "amount": "1.00", "currency": "EUR"});
            let entry = json!({"postings": [line(code, "debit"), line("suspense", "credit")]});
            let entry = owner
                .post("/v1/sandbox/journal_entries", &entry)
                .await
                .expect(201);
            let path = format!("/v1/accounts/{code}/balances");
            let balance = owner.get(&path).await.expect(200)["data"][0].clone();
            assert_eq!(balance["balance"], entry["postings"][0]["balance_after"]);
            let list = owner
                .get(&format!("/v1/journal_entries?account={code}"))
                .await;
            assert_eq!(list.expect(200)["data"], json!([entry]));
        }
        let list = owner.get("/v1/accounts").await.expect(200);
        let mut expected: Vec<&str> = UNUSED
            .into_iter()
            .chain(used.iter().map(String::as_str))
            .collect();
        expected.sort_unstable();
        expected.dedup();
        assert_eq!(codes(&list), expected);
        assert!(account(&list, "bank:EUR")["created_at"].is_string());
        assert_eq!(account(&list, "disputes")["created_at"], Value::Null);
    });
}

#[test]
fn what_is_no_account_is_refused_wherever_one_is_named() {
    run_test(async |app| {
        let owner = &app.merchant.owner;
        for code in [
            "x",
            "Suspense",
            "merchant:pendin",
            "merchant:",
            "bank",
            "bank:XXQ",
            "bank:eur",
            "rail::clearing",
            "rail:sandbox",
            "tips%20",
            "%00",
        ] {
            let balances = owner.get(&format!("/v1/accounts/{code}/balances")).await;
            balances.problem(404, "not_found");
            for path in [
                "/v1/journal_entries?",
                "/v1/exports/journal?from=2020-01-01&to=2020-01-02&format=csv&",
            ] {
                let list = owner.get(&format!("{path}account={code}")).await;
                let problem = list.problem(422, "invalid_request");
                assert_eq!(problem["param"], "/account", "{code}");
            }
        }
    });
}

/// Another version of the program may post to accounts that this one does not know.
#[test]
fn an_account_of_another_version_hides_nothing() {
    run_test(async |app| {
        let mut db = app.pool.acquire().await.unwrap();
        let merchant = app.merchant.id.0;
        let sql = format!(
            "INSERT INTO accounts (merchant_id, code, kind, created_at) VALUES ('{merchant}', 'vat:de', 'liability', now())"
        );
        run(&mut db, &sql).await;
        let list = app.merchant.owner.get("/v1/accounts").await.expect(200);
        assert_eq!(list["data"].as_array().unwrap().len(), UNUSED.len() + 1);
        assert_eq!(account(&list, "vat:de")["normal_side"], "credit");
    });
}
