//! What a hostile tenant, who has keys, and a hostile stranger, who has none, do all at once: each
//! attack is a round that many repeat until they are stopped.

use super::client::new_key;
use serde_json::json;
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

/// Where all attacks come from: whoever has no key is counted by address, so those who behave have
/// another.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
/// How long an attacker rests between two rounds.
const REST: Duration = Duration::from_millis(100);
/// How long it waits for an answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the tenant's endpoints take: just less than a callback may.
const ANSWER_AFTER: Duration = Duration::from_millis(14_300);
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// What is done again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attack {
    /// Requests with methods that nobody knows.
    InventedMethods,
    /// Forms for tokens and pages of which the rest never comes.
    HalfForms,
    /// Large bodies of which the end never comes.
    LargeBodies,
    /// Keys and tokens that are none, or nobody's.
    UnknownKeys,
    /// Right ids of keys with wrong secrets.
    WrongSecrets,
    /// Pages that there are not.
    UnknownPages,
    /// Payments asked for and made, more than the key may, over many connections.
    Payments,
    /// Polls that are left soon after they began to wait.
    LeftPolls,
    /// Exports that are read as slowly as may be.
    SlowExports,
    /// Lists and the feed narrowed by what finds nothing and has no index.
    NarrowLists,
    /// Payments declined on the page of one intent, and of one link.
    Declines,
    /// Events for an endpoint alone, and all of its events once more.
    PingsAndReplays,
}

impl Attack {
    pub const ALL: [Self; 12] = [
        Self::InventedMethods,
        Self::HalfForms,
        Self::LargeBodies,
        Self::UnknownKeys,
        Self::WrongSecrets,
        Self::UnknownPages,
        Self::Payments,
        Self::LeftPolls,
        Self::SlowExports,
        Self::NarrowLists,
        Self::Declines,
        Self::PingsAndReplays,
    ];

    /// How many do it at the same time.
    fn attackers(self) -> usize {
        match self {
            Self::LargeBodies => 300,
            Self::LeftPolls => 200,
            Self::HalfForms => 100,
            Self::Payments => 32,
            Self::InventedMethods
            | Self::UnknownKeys
            | Self::WrongSecrets
            | Self::UnknownPages
            | Self::SlowExports
            | Self::NarrowLists
            | Self::Declines
            | Self::PingsAndReplays => 4,
        }
    }
}

/// What the attackers know.
pub struct Knowledge {
    pub service: SocketAddr,
    /// The tenant's keys: one for each attack, since each key has a limit of its own.
    pub keys: BTreeMap<Attack, String>,
    /// Paths of the pages of an intent and of a link of the tenant.
    pub pages: [String; 2],
    /// Ids of the tenant's endpoints.
    pub endpoints: Vec<String>,
}

/// All attacks under way. They end when this is dropped.
pub struct Attacks {
    rounds: BTreeMap<Attack, Arc<AtomicUsize>>,
    _attackers: JoinSet<()>,
}

impl Attacks {
    pub fn begin(knowledge: Knowledge) -> Self {
        let (mut rounds, mut attackers) = (BTreeMap::new(), JoinSet::new());
        let attacker = Attacker {
            http: elsewhere(),
            knowledge: Arc::new(knowledge),
        };
        for attack in Attack::ALL {
            let count = Arc::<AtomicUsize>::default();
            for _ in 0..attack.attackers() {
                let (attacker, count) = (attacker.clone(), Arc::clone(&count));
                attackers.spawn(async move {
                    loop {
                        let round = count.fetch_add(1, Ordering::Relaxed);
                        // Whatever it is told, and whether or not it is told anything.
                        let _ = attacker.once(attack, round).await;
                        sleep(REST).await;
                    }
                });
            }
            rounds.insert(attack, count);
        }
        Self {
            rounds,
            _attackers: attackers,
        }
    }

    /// How often each attack was begun.
    pub fn rounds(&self) -> Vec<(Attack, usize)> {
        let rounds = self.rounds.iter();
        rounds
            .map(|(attack, count)| (*attack, count.load(Ordering::Relaxed)))
            .collect()
    }
}

/// Serves the tenant's endpoints, which take as long as they may, and gives their address.
pub async fn slow_endpoints() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut callback = [0; 4096];
                while stream.read(&mut callback).await.is_ok_and(|read| read > 0) {
                    sleep(ANSWER_AFTER).await;
                    let thanks = b"HTTP/1.1 204 No Content\r\n\r\n";
                    if stream.write_all(thanks).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn elsewhere() -> reqwest::Client {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is a caller, not the service"
    )]
    let http = reqwest::Client::builder()
        .local_address(ELSEWHERE)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE);
    http.build().unwrap()
}

#[derive(Clone)]
struct Attacker {
    http: reqwest::Client,
    knowledge: Arc<Knowledge>,
}

/// Nothing, where the service has hung up or refused.
type Told<T = ()> = Option<T>;

impl Attacker {
    async fn once(&self, attack: Attack, round: usize) -> Told {
        let key = &*self.knowledge.keys[&attack];
        let page = &*self.knowledge.pages[round % 2];
        match attack {
            Attack::InventedMethods => self.invent_method(page, round).await,
            Attack::HalfForms => self.send_half_a_form(page, round).await,
            Attack::LargeBodies => self.send_most_of_a_body(key, round).await,
            Attack::UnknownKeys => self.call_with_odd_key(round).await,
            Attack::WrongSecrets => self.guess_secret(key).await,
            Attack::UnknownPages => self.guess_page(round).await,
            Attack::Payments => self.pay(key).await,
            Attack::LeftPolls => self.leave_poll(key).await,
            Attack::SlowExports => self.export_slowly(key).await,
            Attack::NarrowLists => self.list_nothing(key, round).await,
            Attack::Declines => self.decline(page).await,
            Attack::PingsAndReplays => self.ping_and_replay(key, round).await,
        }
    }

    async fn invent_method(&self, page: &str, round: usize) -> Told {
        let path = ["/v1/payment_intents", "/healthz", page][round % 3];
        let request = self.request(&format!("BREW{round}"), path);
        self.ask(request).await.map(drop)
    }

    async fn send_half_a_form(&self, page: &str, round: usize) -> Told {
        let path = [format!("{page}/pay"), "/v1/oauth/token".to_owned()];
        let head = head("POST", &path[round % 2], FORM, "content-length: 1000\r\n");
        let mut half = self.open(&(head + "grant_")).await?;
        until_closed(&mut half).await;
        Some(())
    }

    async fn send_most_of_a_body(&self, key: &str, round: usize) -> Told {
        let key = format!("authorization: Bearer {key}\r\nidempotency-key: {round}\r\n");
        let more = format!("{key}content-length: 65000\r\n");
        let path = ["/v1/payment_intents", "/v1/oauth/token"][round % 2];
        let head = head("POST", path, [JSON, FORM][round % 2], &more);
        let mut large = self.open(&(head + &"x".repeat(60_000))).await?;
        until_closed(&mut large).await;
        Some(())
    }

    async fn call_with_odd_key(&self, round: usize) -> Told {
        let odd = [
            format!("odd-{round}"),
            format!("a.{round}.c"),
            format!("tp_test_00{round:026}_{}", "x".repeat(43)),
        ];
        let request = self.request("GET", "/v1/events");
        let request = request.bearer_auth(&odd[round % 3]);
        self.ask(request).await.map(drop)
    }

    async fn guess_secret(&self, key: &str) -> Told {
        let (id, _) = key.rsplit_once('_')?;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", "wrong"),
        ];
        self.post_form("/v1/oauth/token", &form).await.map(drop)
    }

    async fn guess_page(&self, round: usize) -> Told {
        let path = format!("/p/{round:024}");
        self.ask(self.request("GET", &path)).await?;
        self.post_form(&format!("{path}/pay"), &[]).await.map(drop)
    }

    async fn pay(&self, key: &str) -> Told {
        let body = json!({"amount": "1.00", "currency": "EUR"});
        let made = self.post(key, "/v1/payment_intents", &body).await?;
        let path = format!("/v1/payment_intents/{}/confirm", made.id()?);
        let body = json!({"payment_method": "pm_sandbox_ok"});
        self.post(key, &path, &body).await.map(drop)
    }

    async fn leave_poll(&self, key: &str) -> Told {
        let path = "/v1/events?after=latest&wait=30";
        let more = format!("authorization: Bearer {key}\r\n");
        let _poll = self.open(&head("GET", path, JSON, &more)).await?;
        sleep(Duration::from_secs(2)).await;
        Some(())
    }

    async fn decline(&self, page: &str) -> Told {
        let csrf = self.ask(self.request("GET", page)).await?.csrf()?;
        let method = "pm_sandbox_insufficient_funds";
        let form = [("csrf", csrf.as_str()), ("payment_method", method)];
        self.post_form(&format!("{page}/pay"), &form)
            .await
            .map(drop)
    }

    async fn ping_and_replay(&self, key: &str, round: usize) -> Told {
        let path = format!("/v1/callback_endpoints/{}", self.endpoint(round));
        self.post(key, &format!("{path}/ping"), &json!({})).await?;
        let all = json!({"after_sequence": 0});
        let path = format!("{path}/replay");
        self.post(key, &path, &all).await.map(drop)
    }

    async fn export_slowly(&self, key: &str) -> Told {
        let path = "/v1/exports/journal?from=2020-01-01&to=2099-01-01&format=csv";
        let more = format!("authorization: Bearer {key}\r\nconnection: close\r\n");
        let mut export = self.open(&head("GET", path, JSON, &more)).await?;
        // Just faster than whom the service gives up.
        let mut piece = [0; 1024];
        while export.read(&mut piece).await.is_ok_and(|read| read > 0) {
            sleep(Duration::from_millis(100)).await;
        }
        Some(())
    }

    async fn list_nothing(&self, key: &str, round: usize) -> Told {
        let lists = [
            "/v1/payment_intents?status=canceled&thread=none&conversation=none".to_owned(),
            "/v1/payment_intents?status=succeeded&channel=slack".to_owned(),
            "/v1/payment_links?conversation=none&reference=none".to_owned(),
            "/v1/events?conversation=none&limit=100".to_owned(),
            "/v1/events?type=payment_intent.expired&wait=1".to_owned(),
            format!(
                "/v1/callback_endpoints/{}/deliveries?status=exhausted&limit=100",
                self.endpoint(round)
            ),
        ];
        let request = self.request("GET", &lists[round % lists.len()]);
        self.ask(request.bearer_auth(key)).await.map(drop)
    }

    fn endpoint(&self, round: usize) -> &str {
        let endpoints = &self.knowledge.endpoints;
        &endpoints[round % endpoints.len()]
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://{}{path}", self.knowledge.service);
        self.http.request(method.parse().unwrap(), url)
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Told<Text> {
        Some(Text(request.send().await.ok()?.text().await.ok()?))
    }

    async fn post(&self, key: &str, path: &str, body: &serde_json::Value) -> Told<Text> {
        let request = self.request("POST", path).bearer_auth(key);
        let request = request.header("content-type", JSON);
        let request = request.header("idempotency-key", new_key());
        self.ask(request.body(body.to_string())).await
    }

    async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Told<Text> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = self.request("POST", path).header("content-type", FORM);
        self.ask(request.body(form)).await
    }

    /// A connection on which so much was said.
    async fn open(&self, said: &str) -> Told<TcpStream> {
        let socket = TcpSocket::new_v4().ok()?;
        // What is not read waits with the service and not in our own kernel.
        socket.set_recv_buffer_size(4096).ok()?;
        socket.bind(SocketAddr::new(ELSEWHERE, 0)).ok()?;
        let mut stream = socket.connect(self.knowledge.service).await.ok()?;
        stream.write_all(said.as_bytes()).await.ok()?;
        Some(stream)
    }
}

/// An answer's text.
struct Text(String);

impl Text {
    /// The id of the object.
    fn id(&self) -> Told<String> {
        let object: serde_json::Value = serde_json::from_str(&self.0).ok()?;
        Some(object["id"].as_str()?.to_owned())
    }

    /// The token of the page's form.
    fn csrf(&self) -> Told<String> {
        let (_, rest) = self.0.split_once(r#"name="csrf" value=""#)?;
        Some(rest.split_once('"')?.0.to_owned())
    }
}

fn head(method: &str, path: &str, kind: &str, more: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: a\r\ncontent-type: {kind}\r\n{more}\r\n")
}

/// Says nothing more until the service hangs up.
async fn until_closed(stream: &mut TcpStream) {
    let mut answer = [0; 1024];
    let read = async { while stream.read(&mut answer).await.is_ok_and(|read| read > 0) {} };
    let _ = timeout(PATIENCE, read).await;
}
