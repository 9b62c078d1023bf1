//! Statements: the money of transfers is recognized, once, and what nobody waits for is kept apart.

use super::{
    harness::{Answer, Merchant, TestApp, run_test},
    transfers::{IBAN, reference},
};
use serde_json::{Value, json};
use threadpay::{
    base::actor::Actor,
    domain::{rail_accounts, reconciliation::NewImport, statements::FileFormat},
    writer::{Reply, StatementCommand, Submission},
};
use time::Duration;

/// A line: how much, what the payer wrote, the bank's id of it.
pub type Line<'a> = (&'a str, &'a str, &'a str);

/// A camt.053 file of money that came in today.
pub fn camt(lines: &[Line<'_>], opening: i64, day: &str) -> String {
    let cents = |amount: &str| amount.replace('.', "").parse::<i64>().unwrap();
    let money = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
    let closing: i64 = opening + lines.iter().map(|line| cents(line.0)).sum::<i64>();
    let balance = |code: &str, amount: i64| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{}</Amt>\
            <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>",
            money(amount)
        )
    };
    let entry = |(amount, text, id): &Line<'_>| {
        let id = if id.is_empty() {
            String::new()
        } else {
            format!("<AcctSvcrRef>{id}</AcctSvcrRef>")
        };
        format!(
            "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>\
            <BookgDt><Dt>{day}</Dt></BookgDt>{id}<NtryDtls><TxDtls><RltdPties><Dbtr><Nm>Ann</Nm>\
            </Dbtr><DbtrAcct><Id><IBAN>AT611904300234573201</IBAN></Id></DbtrAcct></RltdPties>\
            <RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        )
    };
    let entries: String = lines.iter().map(entry).collect();
    format!(
        "<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\">\
        <BkToCstmrStmt><Stmt><Id>S1</Id><Acct><Id><IBAN>{IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>{}{}\
        {entries}</Stmt></BkToCstmrStmt></Document>",
        balance("OPBD", opening),
        balance("CLBD", closing)
    )
}

/// A reference as people write it.
fn in_groups(reference: &str) -> String {
    let groups = reference.as_bytes().chunks(4).map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(" ")
}

impl TestApp {
    /// Amounts and reasons of all movements, newest first.
    async fn kept_apart(&self) -> Vec<(Value, Value)> {
        let movements = self.merchant.bot.get("/v1/movements").await.expect(200);
        let told = |m: &Value| (m["amount"].clone(), m["reason"].clone());
        movements["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(told)
            .collect()
    }

    /// The merchant's one bank account.
    async fn bank(&self) -> String {
        let accounts = self
            .merchant
            .owner
            .get("/v1/rail_accounts")
            .await
            .expect(200);
        accounts["data"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Today, as banks write it.
    pub fn today(&self) -> String {
        self.ambient.now().date().to_string()
    }

    /// A statement of a merchant's and its one line.
    pub async fn statement_of(&self, merchant: &Merchant, account: &str) -> [String; 2] {
        let file = camt(&[("1.00", "tip", "T1")], 0, &self.today());
        let path = format!("/v1/statements?account={account}");
        let statement = merchant.finance.upload(&path, &file).await.id();
        let lines = format!("/v1/statements/{statement}/lines");
        let lines = merchant.finance.get(&lines).await.expect(200);
        let line = lines["data"][0]["id"].as_str().unwrap().to_owned();
        [statement, line]
    }

    pub async fn give(&self, file: &str) -> Answer {
        let path = format!("/v1/statements?account={}", self.bank().await);
        self.merchant.finance.upload(&path, file).await
    }

    /// Gives us a statement of these lines; gives what they came to.
    pub async fn import(&self, lines: &[Line<'_>]) -> Value {
        let file = camt(lines, 10_000, &self.today());
        self.give(&file).await.expect(201)
    }

    pub async fn lines_of(&self, statement: &Value) -> Vec<Value> {
        let id = statement["id"].as_str().unwrap();
        let path = format!("/v1/statements/{id}/lines?limit=100");
        let lines = self.merchant.finance.get(&path).await.expect(200);
        lines["data"]
            .as_array()
            .unwrap()
            .iter()
            .rev()
            .cloned()
            .collect()
    }
}

#[test]
fn money_is_recognized_and_none_is_lost() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let [exact, less, more, twice, late] = [
            app.awaited("12.50").await,
            app.awaited("20.00").await,
            app.awaited("30.00").await,
            app.awaited("40.00").await,
            app.awaited("50.00").await,
        ];
        let path = format!(
            "/v1/payment_intents/{}/cancel",
            late["id"].as_str().unwrap()
        );
        app.merchant.bot.post(&path, &json!({})).await.expect(200);
        let spaced = in_groups(reference(&twice));
        let statement = app
            .import(&[
                ("12.50", &format!("invoice {}", reference(&exact)), "A1"),
                ("19.00", reference(&less), "A2"),
                ("31.00", reference(&more), "A3"),
                ("40.00", &spaced.to_lowercase(), "A4"),
                ("40.00", reference(&twice), "A5"),
                ("50.00", reference(&late), "A6"),
                ("7.77", "for the coffee", "A7"),
            ])
            .await;
        let counts = &statement["counts"];
        for (name, count) in [
            ("lines", 7),
            ("matched", 2),
            ("under", 1),
            ("over", 2),
            ("data_mismatch", 1),
            ("unexplained", 1),
            ("duplicate", 0),
        ] {
            assert_eq!(counts[name], count, "{name}: {counts}");
        }
        for (intent, status) in [
            (&exact, "succeeded"),
            (&less, "requires_payment"),
            (&more, "succeeded"),
            (&twice, "succeeded"),
            (&late, "canceled"),
        ] {
            let id = intent["id"].as_str().unwrap();
            assert_eq!(app.merchant.bot.intent(id).await["status"], status);
        }
        let expected = [
            ("7.77", "unknown"),
            ("50.00", "late"),
            ("40.00", "duplicate"),
            ("1.00", "over"),
            ("19.00", "under"),
        ];
        assert_eq!(
            app.kept_apart().await,
            expected.map(|(a, r)| (json!(a), json!(r)))
        );
        // Every cent of the file is in the bank's account.
        let account = format!("/v1/accounts/bank:EUR:{}/balances", app.bank().await);
        let balance = app.merchant.finance.get(&account).await.expect(200);
        assert_eq!(balance["data"][0]["balance"], "200.27");
        let events = app.merchant.bot.events().await;
        assert_eq!(events.last().unwrap()["type"], "statement.processed");
        assert_eq!(events.last().unwrap()["data"], statement);
    });
}

#[test]
fn what_came_before_changes_nothing() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let intent = app.awaited("12.50").await;
        let day = app.today();
        let lines = [("12.50", reference(&intent), "A1"), ("3.00", "tip", "A2")];
        let file = camt(&lines, 10_000, &day);
        let first = app.give(&file).await.expect(201);
        assert_eq!(app.give(&file).await.expect(200), first);
        // The same lines in another file, one of them new.
        let lines = [lines[0], lines[1], ("3.00", "tip", "A3")];
        let second = app.give(&camt(&lines, 10_000, &day)).await.expect(201);
        assert_eq!(second["counts"]["duplicate"], 2);
        assert_eq!(second["counts"]["unexplained"], 1);
        let before = app.lines_of(&first).await;
        let again = app.lines_of(&second).await;
        assert_eq!(again[0]["same_as"], before[0]["id"]);
        // A bank that gives no ids: the same statement in a file of other bytes.
        let nameless = [("4.00", "a", ""), ("4.00", "a", "")];
        let file = camt(&nameless, 20_000, &day);
        let third = app.give(&file).await.expect(201);
        assert_eq!(third["counts"]["unexplained"], 2);
        let fourth = app.give(&format!("{file}\n")).await.expect(201);
        assert_eq!(fourth["counts"]["duplicate"], 2);
    });
}

#[test]
fn money_without_a_reference_is_never_guessed() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let one = app.awaited("11.00").await;
        app.awaited("22.00").await;
        app.awaited("22.00").await;
        let third = app.awaited("33.00").await;
        app.awaited("44.00").await;
        let statement = app
            .import(&[
                ("11.00", "thanks", "A1"),
                // Two wait for it.
                ("22.00", "thanks", "A2"),
                // Two could be it.
                ("33.00", "thanks", "A3"),
                ("33.00", "thank you", "A4"),
                // It is for something else.
                ("44.00", "RF18539007547034", "A5"),
            ])
            .await;
        let states: Vec<_> = app.lines_of(&statement).await;
        let states: Vec<_> = states.iter().map(|line| line["status"].clone()).collect();
        let unknown = "unexplained";
        assert_eq!(
            states[..4],
            ["matched", unknown, unknown, unknown].map(Value::from)
        );
        let stands = async |intent: &Value| {
            let id = intent["id"].as_str().unwrap();
            app.merchant.bot.intent(id).await["status"].clone()
        };
        assert_eq!(stands(&one).await, "succeeded");
        assert_eq!(stands(&third).await, "processing");
    });
}

#[test]
fn a_file_that_does_not_add_up_is_refused_whole() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let intent = app.awaited("12.50").await;
        let lines = [("12.50", reference(&intent), "A1")];
        let file = camt(&lines, 10_000, &app.today());
        for (wrong, said) in [
            (file.replacen("112.50", "112.51", 1), "do not add up"),
            (file.replace(IBAN, "DE02120300000000202051"), "not about"),
            ("hello".to_owned(), "neither"),
            (String::new(), "neither"),
        ] {
            let problem = app.give(&wrong).await;
            let problem = problem.problem(422, "invalid_statement");
            assert!(
                problem["detail"].as_str().unwrap().contains(said),
                "{problem}"
            );
        }
        assert_eq!(app.count("SELECT count(*) FROM statements").await, 0);
        // A look changes nothing either.
        let path = format!("/v1/statements?dry_run=true&account={}", app.bank().await);
        let seen = app.merchant.finance.upload(&path, &file).await.expect(200);
        assert_eq!(
            (&seen["object"], &seen["lines"]),
            (&json!("statement_preview"), &json!(1))
        );
        assert_eq!(app.count("SELECT count(*) FROM statements").await, 0);
    });
}

#[test]
fn a_request_for_a_statement_has_one_answer() {
    run_test(async |app| {
        app.merchant.owner.add_bank(IBAN).await;
        let path = format!("/v1/statements?account={}", app.bank().await);
        let finance = &app.merchant.finance;
        let file = camt(&[("1.00", "x", "A1")], 0, &app.today());
        let send = async |file: &str| {
            let request = finance
                .request("POST", &path)
                .header("idempotency-key", "once");
            finance.send(request.body(file.to_owned())).await
        };
        let first = send(&file).await;
        let again = send(&file).await;
        assert_eq!((first.status, &first.bytes), (201, &again.bytes));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        let other = send(&camt(&[("2.00", "x", "A2")], 0, &app.today())).await;
        other.problem(422, "idempotency_key_reused");
        assert_eq!(app.count("SELECT count(*) FROM statements").await, 1);
    });
}

#[test]
fn a_worker_ends_what_a_request_began() {
    run_test(async |app| {
        let account = app.merchant.owner.add_bank(IBAN).await;
        let intent = app.awaited("12.50").await;
        let id = account["id"].as_str().unwrap().parse().unwrap();
        let account = rail_accounts::store::get(&app.pool, app.merchant.id, id).await;
        let file = camt(&[("12.50", reference(&intent), "A1")], 0, &app.today());
        let account = account.unwrap().unwrap();
        let new = NewImport::read(&account, FileFormat::Auto, file.as_bytes()).unwrap();
        // As a process leaves it that dies after the file was kept.
        let kept = app.app.writer.submit(Submission {
            merchant: app.merchant.id,
            actor: Actor::Operator,
            command: StatementCommand::Keep(Box::new(new)).into(),
            claim: None,
            request_id: String::new(),
            bytes: 0,
        });
        let Reply::Begun(statement) = kept.await.unwrap() else {
            panic!("there is nothing to go on with");
        };
        let path = format!("/v1/statements/{statement}");
        let finance = &app.merchant.finance;
        let begun = finance.get(&path).await.expect(200);
        assert_eq!(begun["status"], "processing");
        app.clock.advance(Duration::minutes(2));
        app.reconcile().await;
        let ended = finance.get(&path).await.expect(200);
        assert_eq!(
            (&ended["status"], &ended["counts"]["matched"]),
            (&json!("processed"), &json!(1))
        );
        let due = "SELECT count(*) FROM due WHERE kind = 'statement'";
        assert_eq!(app.count(due).await, 0);
        let paid = intent["id"].as_str().unwrap();
        assert_eq!(app.merchant.bot.intent(paid).await["status"], "succeeded");
    });
}

#[test]
fn a_table_is_read_by_the_mapping_of_its_account() {
    run_test(async |app| {
        let account = app.merchant.owner.add_bank(IBAN).await;
        let intent = app.awaited("12.50").await;
        let id = account["id"].as_str().unwrap();
        let path = format!("/v1/statements?format=csv&account={id}");
        let table = format!(
            "Tag;Betrag;Text\n{};12,50;{}\n",
            app.today(),
            reference(&intent)
        );
        let refused = app.merchant.finance.upload(&path, &table).await;
        refused.problem(422, "invalid_statement");
        let mapping = json!({"delimiter": ";", "decimal": "comma", "date_format": "YYYY-MM-DD",
            "currency": "EUR", "columns": {"date": "Tag", "amount": "Betrag", "texts": ["Text"]}});
        let change = json!({"csv_mapping": mapping});
        let change = app
            .merchant
            .owner
            .patch(&format!("/v1/rail_accounts/{id}"), &change)
            .await;
        assert_eq!(change.expect(200)["csv_mapping"]["delimiter"], ";");
        let read = app.merchant.finance.upload(&path, &table).await.expect(201);
        assert_eq!(read["counts"]["matched"], 1);
        let wrong = json!({"csv_mapping": {"decimal": "comma", "date_format": "x", "columns": {"date": 1}}});
        let wrong = app
            .merchant
            .owner
            .patch(&format!("/v1/rail_accounts/{id}"), &wrong)
            .await;
        assert_eq!(
            wrong.problem(422, "invalid_request")["param"],
            "/csv_mapping"
        );
    });
}
