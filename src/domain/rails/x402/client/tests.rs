//! What is sent in which order, and what is made of answers that say too little.

use super::*;
use crate::base::net::{Policy, SendError};
use crate::domain::rails::x402::sample::{authorization, settings};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

const NAMED: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";
const FOUND: &str = "0x2222222222222222222222222222222222222222222222222222222222222222";

/// Reads one request to its end, as a request of HTTP says where that is.
async fn asked(stream: &mut TcpStream) -> String {
    let mut asked = String::new();
    let length = |asked: &str| {
        let (head, body) = asked.split_once("\r\n\r\n")?;
        let (_, length) = head.split_once("content-length: ").unwrap_or(("", "0"));
        let length: usize = length.lines().next()?.parse().ok()?;
        Some(body.len() >= length)
    };
    while length(&asked) != Some(true) {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await.unwrap();
        asked += std::str::from_utf8(&part[..read]).unwrap();
    }
    asked
}

/// A peer that gives these answers, and then tells what it was asked; and an account of it.
async fn peer(answers: Vec<Value>) -> (Settings, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let peer = tokio::spawn(async move {
        let mut told = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            told.push(asked(&mut stream).await);
            let body = answer.to_string();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}", body.len());
            let answer = format!("{head}\r\nconnection: close\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        told
    });
    let account = Settings {
        facilitator_url: base.clone(),
        confirmations: 3,
        ..settings()
    };
    (account, peer)
}

fn outbound() -> Outbound {
    Outbound::with_bound(Policy::private(), None, DEADLINE, EXCHANGE_BYTES).unwrap()
}

fn result(result: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "result": result})
}

fn block(number: &str, time: &str) -> Value {
    result(&json!({"number": number, "hash": NAMED, "timestamp": time}))
}

async fn looked_up(answers: Vec<Value>) -> (Result<Option<Standing>, Doubt>, Vec<Value>) {
    let (account, peer) = peer(answers).await;
    let client = Client {
        outbound: &outbound(),
        settings: &account,
        node: Some(&account.facilitator_url),
        heard: &Heard::default(),
    };
    let trail = Trail {
        since: 100,
        transaction: NAMED.parse().ok(),
    };
    let standing = client.look_up(&authorization(), &trail).await;
    let bodies = peer.await.unwrap().into_iter();
    let bodies = bodies.map(|asked| {
        assert!(asked.contains("\r\ncontent-type: application/json\r\n"));
        serde_json::from_str(asked.split_once("\r\n\r\n").unwrap().1).unwrap()
    });
    (standing, bodies.collect())
}

#[tokio::test]
async fn a_named_transaction_that_is_gone_is_searched_for() {
    let log = json!({"transactionHash": FOUND, "address": "0x", "topics": [], "data": "0x"});
    let reverted = json!({
        "transactionHash": FOUND, "blockNumber": "0x66", "status": "0x0", "logs": [],
    });
    let unused = result(&json!(format!("0x{:064x}", 0)));
    let (standing, asked) = looked_up(vec![
        result(&json!("0x2105")),
        block("0x66", "0x2"),
        block("0x64", "0x1"),
        unused,
        result(&Value::Null),
        result(&json!([log])),
        result(&reverted),
    ])
    .await;
    assert_eq!(standing, Ok(Some(Standing::NotOurs)));
    let methods = asked.iter().map(|body| body["method"].as_str().unwrap());
    let wanted = [
        "eth_chainId",
        "eth_getBlockByNumber",
        "eth_getBlockByNumber",
        "eth_call",
        "eth_getTransactionReceipt",
        "eth_getLogs",
        "eth_getTransactionReceipt",
    ];
    assert_eq!(methods.collect::<Vec<_>>(), wanted);
    assert_eq!(asked[2]["params"][0], "0x64");
    assert_eq!(asked[3]["params"][1], json!({"blockHash": NAMED}));
    assert_eq!(asked[5]["params"][0]["fromBlock"], "0x61");
    assert_eq!(asked[6]["params"], json!([FOUND]));
}

#[tokio::test]
async fn what_is_of_another_chain_or_block_says_nothing() {
    let other = json!({
        "transactionHash": FOUND, "blockNumber": "0x66", "status": "0x1", "logs": [],
    });
    let chain = result(&json!("0x2105"));
    let (head, deep) = (block("0x66", "0x2"), block("0x64", "0x1"));
    let unused = result(&json!(format!("0x{:064x}", 0)));
    for answers in [
        vec![result(&json!("0x1"))],
        vec![chain.clone(), head.clone(), head.clone()],
        vec![chain, head, deep, unused, result(&other)],
    ] {
        assert_eq!(looked_up(answers).await.0, Err(Doubt::Foreign));
    }
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_not_refused() {
    // Nobody listens there any more.
    let (account, peer) = peer(Vec::new()).await;
    peer.await.unwrap();
    let client = Client {
        outbound: &outbound(),
        settings: &account,
        node: Some(&account.facilitator_url),
        heard: &Heard::default(),
    };
    let doubt = Doubt::NoAnswer(SendError::Connect);
    let payment = authorization();
    let settled = client.settle(&payment, "{}", Presentation::First);
    let unknown = Settlement::Unknown {
        doubt: doubt.clone(),
        transaction: None,
    };
    assert_eq!(settled.await, unknown);
    let verdict = client.verify(&payment, "{}").await;
    assert_eq!(verdict, Verdict::Unknown(doubt.clone()));
    assert_eq!(client.head().await, Err(doubt.clone()));
    let fault = client.check_account().await;
    assert_eq!(fault, Err(AccountFault::Unknown(doubt)));
}

#[tokio::test]
async fn without_a_node_nothing_is_looked_up() {
    let client = Client {
        outbound: &outbound(),
        settings: &settings(),
        node: None,
        heard: &Heard::default(),
    };
    let trail = Trail {
        since: 0,
        transaction: None,
    };
    assert_eq!(client.look_up(&authorization(), &trail).await, Ok(None));
    assert_eq!(client.head().await, Ok(None));
}
