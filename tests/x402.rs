//! How we ask for payments by x402, what we take, and what we make of answers, for programs that
//! are not ours to judge: `tests/verifiers/x402.py` puts questions into the folder that `X402`
//! names, as `asked.jsonl`, and reads the answers there, in `told.jsonl`. Without a folder the
//! questions are a few of our own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use std::{env, fs, path::Path, time::Duration};
use threadpay::{
    base::{
        money::Money,
        net::{Outbound, Policy},
    },
    domain::rails::{
        Heard,
        x402::{
            AssetAmount, Authorization, Client, EXCHANGE_BYTES, Expected, Payload, PaymentRequired,
            PaymentResponse, Requirements, Resource, Settings, Terms, Trail,
            chain::Standing,
            check,
            facilitator::{self, Presentation, Settlement, Verdict},
        },
    },
};
use time::OffsetDateTime;

const OWN: [&str; 2] = [
    r#"{"do": "ask", "amount": "12.50", "seconds": 300}"#,
    r#"{"do": "check", "amount": "12.50", "seconds": 300, "now": 1, "header": "e30="}"#,
];

#[tokio::test]
async fn each_question_is_answered() {
    let Ok(folder) = env::var("X402") else {
        let settings = json!({
            "network": "eip155:84532", "asset": "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
            "decimals": 6, "currency": "USD", "name": "USDC", "version": "2",
            "pay_to": "0x209693Bc6afc0C5328bA36FaF03C514EF312287C",
            "facilitator_url": "https://x402.example",
        });
        let [asked, checked] = OWN.map(|question| {
            let mut question: Value = serde_json::from_str(question).unwrap();
            question["settings"] = settings.clone();
            question
        });
        assert_eq!(answer(&asked).await["amount"], "12500000");
        assert_eq!(answer(&checked).await["refused"], "invalid_payload");
        return;
    };
    let asked = fs::read_to_string(Path::new(&folder).join("asked.jsonl")).unwrap();
    let mut told = String::new();
    for question in asked.lines() {
        let answer = answer(&serde_json::from_str(question).unwrap()).await;
        told += &(answer.to_string() + "\n");
    }
    fs::write(Path::new(&folder).join("told.jsonl"), told).unwrap();
}

/// One question: about an account, an amount, and what it names itself.
struct Question<'a> {
    asked: &'a Value,
    settings: Settings,
    node: Option<&'a str>,
    heard: Heard,
    outbound: Outbound,
}

async fn answer(asked: &Value) -> Value {
    let mut account = asked["settings"].clone();
    // The node is among the credentials of an account.
    if let Some(members) = account.as_object_mut() {
        members.remove("rpc_url");
    }
    let settings = match Settings::parse("/settings", &account) {
        Ok(settings) => settings,
        Err(invalid) => return json!({"invalid": invalid.to_string()}),
    };
    let deadline = Duration::from_millis(asked["deadline"].as_u64().unwrap_or(20_000));
    let outbound = Outbound::with_bound(Policy::private(), None, deadline, EXCHANGE_BYTES);
    let question = Question {
        asked,
        settings,
        node: asked.pointer("/settings/rpc_url").and_then(Value::as_str),
        outbound: outbound.unwrap(),
        heard: Heard::default(),
    };
    match question.text("do") {
        "ask" => question.ask(),
        "check" => question.check(),
        "verify" => question.verify().await,
        "settle" => question.settle().await,
        "look_up" => question.look_up().await,
        "account" => match question.client().check_account().await {
            Ok(()) => json!({"fault": null}),
            Err(fault) => json!({"fault": fault.to_string()}),
        },
        "head" => match question.client().head().await {
            Ok(head) => json!({"head": head.map(|block| block.number)}),
            Err(doubt) => json!({"doubt": doubt.to_string()}),
        },
        other => panic!("no such question: {other}"),
    }
}

impl Question<'_> {
    fn text(&self, name: &str) -> &str {
        self.asked[name].as_str().unwrap_or_default()
    }

    fn client(&self) -> Client<'_> {
        Client {
            outbound: &self.outbound,
            settings: &self.settings,
            node: self.node,
            heard: &self.heard,
        }
    }

    fn money(&self) -> Money {
        Money::parse(self.text("amount"), self.settings.currency).unwrap()
    }

    fn amount(&self) -> AssetAmount {
        self.settings.amount(self.money()).unwrap().unwrap()
    }

    fn requirements(&self) -> Requirements {
        let seconds = self.asked["seconds"].as_u64().unwrap();
        Requirements::new(&self.settings, self.amount(), seconds.try_into().unwrap())
    }

    fn authorization(&self) -> Authorization {
        let terms = Terms::new(&self.settings, self.amount());
        Authorization::read(self.text("original").to_owned(), &terms).unwrap()
    }

    /// The 402 and its amount, which reads back as the same money.
    fn ask(&self) -> Value {
        let amount = match self.settings.amount(self.money()).unwrap() {
            Ok(amount) => amount,
            Err(why) => return json!({"detail": why.to_string()}),
        };
        let money = amount.money(self.settings.currency, self.settings.decimals);
        assert_eq!(money, Some(self.money()));
        let resource = Resource {
            url: self.text("url").to_owned(),
            description: self.text("description").to_owned(),
            mime_type: "application/json".to_owned(),
        };
        let error = self.asked["error"].as_str().map(str::to_owned);
        let required = PaymentRequired::new(resource, vec![self.requirements()], error);
        json!({"header": required.header(), "amount": amount})
    }

    fn check(&self) -> Value {
        let expected = Expected {
            terms: Terms::new(&self.settings, self.amount()),
            now: OffsetDateTime::from_unix_timestamp(self.asked["now"].as_i64().unwrap()).unwrap(),
            longest: time::Duration::seconds(self.asked["seconds"].as_i64().unwrap()),
        };
        let payload = Payload::read(self.text("header"));
        match payload.and_then(|payload| check(&payload, &expected)) {
            Ok(taken) => json!({
                "reference": taken.reference(), "payer": taken.payer, "original": taken.original,
                "valid_before": taken.valid_before.unix_timestamp(),
                "presented": facilitator::presented(&taken, &self.requirements()),
            }),
            Err(refused) => json!({"refused": refused}),
        }
    }

    async fn verify(&self) -> Value {
        let client = self.client();
        let verdict = client
            .verify(&self.authorization(), self.text("presented"))
            .await;
        match verdict {
            Verdict::Valid => json!({"valid": true}),
            Verdict::Invalid { reason } => json!({"invalid": reason}),
            Verdict::Unknown(doubt) => json!({"unknown": doubt.to_string()}),
        }
    }

    async fn settle(&self) -> Value {
        let presentation = match self.asked["again"].as_bool() {
            Some(true) => Presentation::Again,
            Some(false) | None => Presentation::First,
        };
        let (client, authorization) = (self.client(), self.authorization());
        let settlement = client
            .settle(&authorization, self.text("presented"), presentation)
            .await;
        match settlement {
            Settlement::Settled(settled) => json!({
                "settled": settled.transaction, "payer": settled.payer,
                "response": PaymentResponse::settled(&settled).header(),
            }),
            Settlement::Refused(refusal) => {
                let (network, payer) = (self.settings.network, Some(authorization.payer));
                let response = PaymentResponse::failed(network, payer, refusal.reason.clone());
                json!({
                    "refused": refusal.reason, "why": format!("{:?}", refusal.why),
                    "response": response.header(),
                })
            }
            Settlement::Unknown { doubt, transaction } => {
                json!({"unknown": doubt.to_string(), "transaction": transaction})
            }
        }
    }

    async fn look_up(&self) -> Value {
        let trail = Trail {
            since: self.asked["since"].as_u64().unwrap_or_default(),
            transaction: self.asked["transaction"]
                .as_str()
                .map(|hash| hash.parse().unwrap()),
        };
        let (client, authorization) = (self.client(), self.authorization());
        match client.look_up(&authorization, &trail).await {
            Ok(Some(Standing::Paid { transaction, .. })) => json!({"paid": transaction}),
            Ok(Some(Standing::Waiting { .. })) => json!({"standing": "Waiting"}),
            Ok(Some(standing)) => json!({"standing": format!("{standing:?}")}),
            Ok(None) => json!({"standing": null}),
            Err(doubt) => json!({"doubt": doubt.to_string()}),
        }
    }
}
