//! What a chain says of a payment, and what it does not say.

use super::super::{Doubt, sample::authorization};
use super::calls::{CANCELED, TRANSFER, USED};
use super::*;
use serde_json::{Value, json};
use sha3::{Digest, Keccak256};

const TRANSACTION: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";

fn answer<T: Answer>(result: &Value) -> Result<T, Doubt> {
    let body = json!({"jsonrpc": "2.0", "id": 1, "result": result}).to_string();
    read((200, Some(body.as_bytes())))
}

fn log(address: &str, topics: &[&str], data: &str) -> Value {
    json!({
        "address": address, "topics": topics, "data": data, "transactionHash": TRANSACTION,
        "logIndex": "0x0",
    })
}

/// What the token logs of the payment.
fn logs() -> Vec<Value> {
    let payment = authorization();
    let (payer, to) = (payment.payer.word(), payment.terms.pay_to.word());
    let (token, nonce) = (payment.terms.asset.to_string(), payment.nonce.to_string());
    vec![
        log(&token, &[USED, &payer, &nonce], "0x"),
        log(
            &token,
            &[TRANSFER, &payer, &to],
            &payment.terms.amount.word(),
        ),
    ]
}

fn receipt_of(status: &str, logs: &[Value]) -> Receipt {
    let receipt = json!({
        "transactionHash": TRANSACTION, "blockNumber": "0x64", "status": status, "logs": logs,
    });
    answer(&receipt).unwrap()
}

fn use_of(logs: &[Value]) -> Use {
    receipt_of("0x1", logs).use_of(&authorization())
}

#[test]
fn events_and_calls_are_named_by_their_hashes() {
    for (signature, named) in [
        ("AuthorizationUsed(address,bytes32)", USED),
        ("AuthorizationCanceled(address,bytes32)", CANCELED),
        ("Transfer(address,address,uint256)", TRANSFER),
        ("authorizationState(address,bytes32)", "0xe94a0102"),
        ("decimals()", "0x313ce567"),
    ] {
        let hash = super::super::hex::write(&Keccak256::digest(signature));
        assert!(hash.starts_with(named), "{signature}: {hash}");
    }
    let asked = authorization_state("http://n/", &authorization(), &TRANSACTION.parse().unwrap());
    let body: Value = serde_json::from_str(&asked.body.unwrap()).unwrap();
    let data = body["params"][0]["data"].as_str().unwrap();
    assert_eq!(
        (data.len(), &data[..34]),
        (138, "0xe94a0102000000000000000000000000")
    );
}

#[test]
fn what_this_nonce_moved_pays_and_nothing_else() {
    let paid = logs();
    assert_eq!(use_of(&paid), Use::Paid);
    assert_eq!(use_of(&[]), Use::Nothing);
    assert_eq!(use_of(&paid[1..]), Use::Nothing);
    assert_eq!(use_of(&paid[..1]), Use::Spent);
    assert_eq!(
        receipt_of("0x0", &paid).use_of(&authorization()),
        Use::Nothing
    );
    let with = |at: usize, pointer: &str, value: &str| {
        let mut logs = paid.clone();
        *logs[at].pointer_mut(pointer).unwrap() = json!(value);
        use_of(&logs)
    };
    let other = format!("0x{}", "22".repeat(32));
    assert_eq!(
        with(0, "/address", &format!("0x{}", "22".repeat(20))),
        Use::Nothing
    );
    assert_eq!(with(0, "/topics/0", CANCELED), Use::Spent);
    assert_eq!(with(0, "/topics/1", &other), Use::Nothing);
    assert_eq!(with(0, "/topics/2", &other), Use::Nothing);
    for (pointer, value) in [
        ("/address", &format!("0x{}", "22".repeat(20))),
        ("/topics/0", &other),
        ("/topics/1", &other),
        ("/topics/2", &other),
        ("/data", &format!("0x{:064x}", 12_499_999)),
    ] {
        assert_eq!(with(1, pointer, value), Use::Spent, "{pointer}");
    }
    // In one transaction a nonce goes elsewhere, and another one pays as much.
    let mut two = paid.clone();
    two.insert(1, paid[1].clone());
    two[1]["topics"][2] = json!(other);
    assert_eq!(use_of(&two), Use::Spent);
    // Other contracts log what they like, between and before.
    let noise = log(&format!("0x{}", "33".repeat(20)), &[TRANSFER], "0x");
    assert_eq!(
        use_of(&[noise.clone(), paid[0].clone(), noise, paid[1].clone()]),
        Use::Paid
    );
}

#[test]
fn only_what_is_deep_is_final() {
    let payment = authorization();
    let end = u64::try_from(payment.valid_before.unix_timestamp()).unwrap();
    let receipts = [
        None,
        Some(receipt_of("0x1", &logs())),
        Some(receipt_of("0x1", &logs()[..1])),
        Some(receipt_of("0x1", &[])),
    ];
    let decided = |deep: Option<(u64, u64, bool)>| {
        let deep = deep.map(|(number, time, used)| Deep { number, time, used });
        receipts
            .clone()
            .map(|receipt| decide(&payment, &Sight { deep, receipt }))
    };
    let paid = Standing::Paid {
        transaction: TRANSACTION.parse().unwrap(),
        block: 100,
    };
    let unseen = Standing::Waiting { seen: None };
    let seen = Standing::Waiting {
        seen: TRANSACTION.parse().ok(),
    };
    let waiting = [unseen, seen, unseen, Standing::NotOurs];
    assert_eq!(decided(None), waiting);
    assert_eq!(decided(Some((99, end - 1, false))), waiting);
    // A node that knows the receipt and one that does not know its use are of two chains.
    assert_eq!(decided(Some((100, end - 1, false))), waiting);
    assert_eq!(decided(Some((99, end + 9, true))), waiting);
    let deep = [unseen, paid, Standing::NotPaid, Standing::NotOurs];
    assert_eq!(decided(Some((100, end - 1, true))), deep);
    assert_eq!(decided(Some((100, end + 9, true))), deep);
    let ended = [Standing::NotPaid, seen, unseen, Standing::NotPaid];
    assert_eq!(decided(Some((200, end, false))), ended);
}

#[test]
fn what_is_no_answer_is_never_a_no() {
    let no = |body: &str| read::<bool>((200, Some(body.as_bytes())));
    for body in [
        "",
        "{}",
        "null",
        "<html>not available</html>",
        r#"{"id":1,"result":null}"#,
        r#"{"id":1,"result":"0x"}"#,
        r#"{"id":1,"result":false}"#,
        r#"{"id":2,"result":"0x0000000000000000000000000000000000000000000000000000000000000000"}"#,
        r#"{"result":"0x0000000000000000000000000000000000000000000000000000000000000000"}"#,
        r#"{"id":1,"result":"0x0000000000000000000000000000000000000000000000000000000000000002"}"#,
        r#"{"id":1,"result":"0x1000000000000000000000000000000000000000000000000000000000000000"}"#,
        r#"{"id":1,"result":"0x00000000000000000000000000000000000000000000000000000000000000"#,
    ] {
        assert_eq!(no(body), Err(Doubt::Unreadable), "{body}");
    }
    let error = r#"{"id":1,"error":{"code":-32000,"message":"header\nnot found"}}"#;
    assert_eq!(no(error), Err(Doubt::Said("headernot found".to_owned())));
    assert_eq!(read::<bool>((503, Some(b"{}"))), Err(Doubt::Status(503)));
    assert_eq!(read::<bool>((200, None)), Err(Doubt::Unreadable));
    assert_eq!(answer::<bool>(&json!(format!("0x{:064x}", 1))), Ok(true));
    assert_eq!(answer::<Option<Receipt>>(&Value::Null), Ok(None));
    assert_eq!(
        answer::<Option<Receipt>>(&json!({"blockNumber": null})),
        Err(Doubt::Unreadable)
    );
    assert_eq!(answer::<Receipt>(&Value::Null), Err(Doubt::Unreadable));
}
