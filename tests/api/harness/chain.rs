//! A chain with one token, a node of it and a facilitator, played with a memory of their own. What
//! payers sign is not verified here: who signed is what they say.

use super::{Answer, Client, TestApp, new_database, runtime};
use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    web::{self, Bytes},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::{
    io,
    net::TcpListener,
    sync::{Arc, Mutex, MutexGuard},
};
use threadpay::base::ambient::Ambient;

/// The token.
pub const TOKEN: &str = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913";
/// Who is paid.
pub const PAYEE: &str = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C";
/// Who pays.
pub const PAYER: &str = "0x857b06519E91e3A54538791bDbb0E22373e36b66";

const USED: &str = "0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5";
const TRANSFER: &str = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";

/// What the facilitator does with the next payment that is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Brings it to the chain, and the answer is lost.
    LoseAnswer,
    /// Never hears of it.
    DropRequest,
    /// Says no by this word.
    Refuse(&'static str),
    /// Says that it is done, and names a transaction, and does nothing.
    Lie,
}

/// A payment that is on the chain.
#[derive(Clone, Debug)]
struct Payment {
    nonce: String,
    value: u128,
    block: u64,
    transaction: String,
}

#[derive(Debug)]
struct Chain {
    ambient: Ambient,
    head: u64,
    payments: Vec<Payment>,
    presented: Vec<String>,
    fault: Option<Fault>,
    is_down: bool,
    /// Held by each request that is not answered, while that is so.
    silence: Option<Arc<()>>,
}

/// The server.
pub struct ChainPeer {
    url: String,
    chain: Arc<Mutex<Chain>>,
    handle: ServerHandle,
}

impl Drop for ChainPeer {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

/// Runs a test against a service of its own and a chain, and proves the books when it is over.
pub fn run_with_chain<F>(test: F)
where
    F: AsyncFnOnce(&TestApp, &ChainPeer),
{
    let runtime = runtime();
    runtime.block_on(async {
        let app = TestApp::with(new_database().await, |config| config).await;
        let chain = ChainPeer::start(&app.ambient);
        test(&app, &chain).await;
        app.end().await;
    });
    runtime.shutdown_background();
}

impl ChainPeer {
    /// Starts a chain that goes by this clock.
    pub fn start(ambient: &Ambient) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let chain = web::Data::new(Mutex::new(Chain {
            ambient: ambient.clone(),
            head: 100,
            payments: Vec::new(),
            presented: Vec::new(),
            fault: None,
            is_down: false,
            silence: None,
        }));
        let data = chain.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .default_service(web::to(receive))
        });
        let server = server.workers(1).disable_signals().listen(listener);
        let server = server.unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            url,
            chain: chain.into_inner(),
            handle,
        }
    }

    fn chain(&self) -> MutexGuard<'_, Chain> {
        self.chain.lock().unwrap()
    }

    /// What goes wrong with the next payment that is presented.
    pub fn next(&self, fault: Fault) {
        self.chain().fault = Some(fault);
    }

    /// Whether facilitator and node answer nothing.
    pub fn is_down(&self, is_down: bool) {
        self.chain().is_down = is_down;
    }

    /// Whether facilitator and node take requests and say nothing.
    pub fn keep_silent(&self, is_silent: bool) {
        self.chain().silence = is_silent.then(Arc::default);
    }

    /// How many requests wait for an answer.
    pub fn waiting(&self) -> usize {
        let chain = self.chain();
        let held = chain.silence.as_ref().map(Arc::strong_count);
        held.map_or(0, |count| count - 1)
    }

    /// So many blocks come.
    pub fn mine(&self, blocks: u64) {
        self.chain().head += blocks;
    }

    /// The last blocks go, with what was in them.
    pub fn reorganize(&self, blocks: u64) {
        let mut chain = self.chain();
        let kept = chain.head - blocks;
        chain.payments.retain(|payment| payment.block <= kept);
    }

    /// The payer, or whoever holds it, brings what was presented last to the chain.
    pub fn bring(&self) {
        let mut chain = self.chain();
        let last = chain.presented.last().unwrap().clone();
        chain.bring(&last);
    }

    /// How much the payee has, in the smallest units.
    pub fn received(&self) -> u128 {
        let chain = self.chain();
        chain.payments.iter().map(|payment| payment.value).sum()
    }

    /// How often a payment was presented.
    pub fn presented(&self) -> usize {
        self.chain().presented.len()
    }

    /// What a payer sends for what is asked: the first way to pay, by this nonce.
    pub fn sign(&self, asked: &Value, nonce: u8) -> Value {
        let accepted = &asked["accepts"][0];
        let now = self.chain().ambient.now().unix_timestamp();
        let until = now + accepted["maxTimeoutSeconds"].as_i64().unwrap();
        json!({
            "x402Version": 2, "resource": asked["resource"], "accepted": accepted,
            "payload": {
                "signature": format!("0x{}", "5a".repeat(65)),
                "authorization": {
                    "from": PAYER, "to": accepted["payTo"], "value": accepted["amount"],
                    "validAfter": (now - 600).to_string(), "validBefore": until.to_string(),
                    "nonce": format!("0x{}", format!("{nonce:02x}").repeat(32)),
                },
            },
        })
    }
}

impl TestApp {
    /// The merchant's account on the chain. Two blocks must hold a payment.
    pub async fn add_chain(&self, chain: &ChainPeer) -> Value {
        let body = json!({
            "rail": "x402", "credentials": {"rpc_url": format!("{}/rpc/sesamopen", chain.url)},
            "settings": {
                "network": "eip155:8453", "asset": TOKEN, "decimals": 6, "currency": "EUR",
                "name": "Euro Coin", "version": "2", "pay_to": PAYEE,
                "facilitator_url": chain.url, "confirmations": 2,
            },
        });
        let made = self.merchant.owner.post("/v1/rail_accounts", &body).await;
        made.expect(201)
    }

    /// An intent of 12.50 EUR, its page, and what a program is asked there.
    pub async fn asked(&self) -> (String, String, Value) {
        let asked = json!({"amount": "12.50", "currency": "EUR", "description": "2 × flat white"});
        let made = self.merchant.bot.create_intent(&asked).await.expect(201);
        let url = made["pay_url"].as_str().unwrap().to_owned();
        let asked = self.anyone.get(&url).await;
        let id = made["id"].as_str().unwrap().to_owned();
        (id, url, asked.expect(402))
    }
}

impl Client {
    /// Pays a page as a program does.
    pub async fn pay_signed(&self, url: &str, payment: &Value) -> Answer {
        let header = BASE64_STANDARD.encode(payment.to_string());
        let request = self.request("GET", url);
        self.send(request.header("payment-signature", header)).await
    }
}

/// What a header of x402 carries.
pub fn carried(answer: &Answer, name: &str) -> Value {
    let header = answer.header(name).unwrap();
    serde_json::from_slice(&BASE64_STANDARD.decode(header).unwrap()).unwrap()
}

fn word(address: &str) -> String {
    let digits = address.trim_start_matches("0x").to_lowercase();
    format!("0x{digits:0>64}")
}

impl Chain {
    fn find(&self, nonce: &str) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.nonce == nonce)
    }

    /// Brings a payment to the chain, in a block of its own, once.
    fn bring(&mut self, presented: &str) -> Payment {
        let presented: Value = serde_json::from_str(presented).unwrap();
        let signed = &presented["paymentPayload"]["payload"]["authorization"];
        let nonce = signed["nonce"].as_str().unwrap();
        if let Some(known) = self.find(nonce) {
            return known.clone();
        }
        self.head += 1;
        let payment = Payment {
            nonce: nonce.to_owned(),
            value: signed["value"].as_str().unwrap().parse().unwrap(),
            block: self.head,
            transaction: format!("0x{:064x}", 0xabc_0000 + self.head),
        };
        self.payments.push(payment.clone());
        payment
    }

    fn settle(&mut self, body: &str) -> Option<Value> {
        self.presented.push(body.to_owned());
        let network = "eip155:8453";
        let done = |transaction: &str| {
            json!({
                "success": true, "payer": PAYER, "network": network, "transaction": transaction,
            })
        };
        match self.fault.take() {
            None => Some(done(&self.bring(body).transaction)),
            Some(Fault::LoseAnswer) => {
                self.bring(body);
                None
            }
            Some(Fault::DropRequest) => None,
            Some(Fault::Refuse(reason)) => Some(json!({
                "success": false, "errorReason": reason, "network": network, "transaction": "",
            })),
            Some(Fault::Lie) => Some(done(&format!("0x{}", "99".repeat(32)))),
        }
    }

    /// What a node answers.
    fn node(&self, asked: &Value) -> Value {
        let (method, params) = (asked["method"].as_str().unwrap(), &asked["params"]);
        let number = |value: &Value| {
            let text = value.as_str().unwrap();
            u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap_or(self.head)
        };
        match method {
            "eth_chainId" => json!("0x2105"),
            "eth_getBlockByNumber" => {
                let number = number(&params[0]);
                // The last block is now, and one comes a second.
                let time = self.ambient.now().unix_timestamp() - (self.head - number).cast_signed();
                json!({
                    "number": format!("{number:#x}"), "hash": format!("0x{number:064x}"),
                    "timestamp": format!("{time:#x}"),
                })
            }
            "eth_call" => {
                let data = params[0]["data"].as_str().unwrap();
                if data.starts_with("0x313ce567") {
                    return json!(format!("0x{:064x}", 6));
                }
                let at = number(&params[1]["blockHash"]);
                let nonce = format!("0x{}", &data[data.len() - 64..]);
                let used = self.find(&nonce).is_some_and(|found| found.block <= at);
                json!(format!("0x{:064x}", u8::from(used)))
            }
            "eth_getLogs" => {
                let nonce = params[0]["topics"][2].as_str().unwrap();
                let found = self.find(nonce).map(|found| found.logs()[0].clone());
                json!(found.into_iter().collect::<Vec<_>>())
            }
            "eth_getTransactionReceipt" => {
                let mut all = self.payments.iter();
                let found = all.find(|payment| params[0] == payment.transaction.as_str());
                found.map_or(Value::Null, |found| {
                    json!({
                        "transactionHash": found.transaction, "status": "0x1",
                        "blockNumber": format!("{:#x}", found.block), "logs": found.logs(),
                    })
                })
            }
            other => panic!("no node answers {other}"),
        }
    }
}

impl Payment {
    fn logs(&self) -> [Value; 2] {
        let log = |topics: Value, data: String| {
            json!({
                "address": TOKEN, "transactionHash": self.transaction, "topics": topics,
                "data": data,
            })
        };
        [
            log(json!([USED, word(PAYER), self.nonce]), "0x".to_owned()),
            log(
                json!([TRANSFER, word(PAYER), word(PAYEE)]),
                format!("0x{:064x}", self.value),
            ),
        ]
    }
}

async fn receive(
    request: HttpRequest,
    body: Bytes,
    chain: web::Data<Mutex<Chain>>,
) -> HttpResponse {
    let silence = chain.lock().unwrap().silence.clone();
    if let Some(held) = silence {
        std::future::pending::<()>().await;
        drop(held);
    }
    let mut chain = chain.lock().unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let answer = match request.path() {
        _ if chain.is_down => None,
        "/supported" => Some(json!({"kinds": [
            {"x402Version": 2, "scheme": "exact", "network": "eip155:8453"},
        ]})),
        "/verify" => Some(json!({"isValid": true, "payer": PAYER})),
        "/settle" => chain.settle(&body),
        _ => {
            let asked = serde_json::from_str(&body).unwrap();
            Some(json!({"jsonrpc": "2.0", "id": 1, "result": chain.node(&asked)}))
        }
    };
    if let Some(answer) = answer {
        return HttpResponse::Ok().json(answer);
    }
    let broken = async { Err::<Bytes, _>(io::Error::other("the connection breaks")) };
    HttpResponse::Ok().streaming(futures_util::stream::once(broken))
}
