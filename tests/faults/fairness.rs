//! A hostile tenant and a hostile stranger do all they can against a process with the limits that
//! it has by itself, and merchants in every lane beside them notice nothing: what they ask is
//! answered, in time, and their callbacks come, in time.

use super::{
    ALONE,
    attacks::{Attack, Attacks, Knowledge, slow_endpoints},
    books::nothing_is_there_by_half,
    checks,
    client::{Answer, Client, new_key},
    database::{Database, connect},
    place::Place,
    receiver::Receiver,
    service::{Plan, Service},
    world::Merchant,
};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::{
    collections::BTreeMap,
    thread::available_parallelism,
    time::{Duration, Instant},
};
use threadpay::{
    base::{ambient::Ambient, db::Db, ids::MerchantId, mode::Mode},
    domain::auth::{NewApiKey, Role},
    writer::{create_key, create_merchant},
};
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::{sleep, timeout},
};

/// How long whoever behaves waits for an answer at most. The service promises less: a change that
/// has not begun after a second is refused, and refused is none of these.
const WAIT_MAX: Duration = Duration::from_secs(4);
/// How late a callback may be, from the commit of its event until it is written down as delivered.
const LATE_MAX: Duration = Duration::from_secs(5);
/// How long whoever behaves rests between two requests.
const REST: Duration = Duration::from_millis(150);
/// How long a start, or the last callback, may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
const INTENTS: &str = "/v1/payment_intents";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fairness_holds_while_a_tenant_and_a_stranger_attack() {
    attack(Duration::from_secs(8)).await;
}

/// `cargo test --test faults -- --ignored --nocapture fairness`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes more than a minute: for a change of limits, shares or queues"]
async fn fairness_holds_for_a_minute() {
    attack(Duration::from_mins(1)).await;
}

async fn attack(lasts: Duration) {
    let _alone = ALONE.lock().await;
    // Many attackers hold a connection each.
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    let house = House::start().await;
    let merchants = house.one_merchant_a_lane().await;
    let knowledge = house.hostile_tenant().await;
    let end = Instant::now() + lasts;
    let attacks = Attacks::begin(knowledge);
    let mut shops = JoinSet::new();
    for (number, merchant) in merchants.iter().enumerate() {
        let client = merchant.services[0].clone();
        shops.spawn(async move { (number, Shop::new(client).run(end).await) });
    }
    let mut shops = shops.join_all().await;
    shops.sort_by_key(|(number, _)| *number);
    let rounds = attacks.rounds();
    drop(attacks);
    report(&rounds, shops.iter().map(|(_, shop)| shop));
    for (_, shop) in &shops {
        assert_eq!(shop.faults, Vec::<String>::new());
        assert!(!shop.paid.is_empty(), "an idle shop proves nothing");
    }
    for (attack, rounds) in rounds {
        assert!(rounds > 0, "{attack:?} never began");
    }
    let mut db = connect(&house.database.url()).await;
    for (merchant, (_, shop)) in merchants.iter().zip(&shops) {
        all_is_booked_and_delivered(&mut db, merchant.id, &shop.paid).await;
    }
    checks::every_event_arrived(&merchants, &house.receiver.inboxes()).await;
    house.end(&mut db).await;
}

fn report<'a>(rounds: &[(Attack, usize)], shops: impl Iterator<Item = &'a Shop>) {
    for (attack, rounds) in rounds {
        println!("{rounds:>8}  {attack:?}");
    }
    for shop in shops {
        let (asked, paid) = (shop.asked, shop.paid.len());
        println!("{asked:>8}  asked by a shop, {paid} paid; it waited at most:");
        for (what, longest) in &shop.longest {
            println!("{longest:>8.1?}  to {what}");
        }
    }
}

/// A merchant who behaves, with its bot and its payers.
struct Shop {
    client: Client,
    /// Where it is in its feed.
    after: i64,
    paid: Vec<String>,
    asked: usize,
    longest: BTreeMap<&'static str, Duration>,
    /// What should not have been.
    faults: Vec<String>,
}

impl Shop {
    fn new(client: Client) -> Self {
        Self {
            client,
            after: 0,
            paid: Vec::new(),
            asked: 0,
            longest: BTreeMap::new(),
            faults: Vec::new(),
        }
    }

    async fn run(mut self, end: Instant) -> Self {
        while Instant::now() < end {
            let _: Option<()> = self.sell().await;
        }
        self
    }

    /// Asks for money and is paid, looks it up, lists it, and hears of it; nothing if that fails.
    async fn sell(&mut self) -> Option<()> {
        let body = json!({"amount": "12.50", "currency": "EUR"}).to_string();
        let create = self.client.post_request(&new_key(), INTENTS, &body);
        let made = self.ask("ask for money", create).await?.json();
        let id = text(&made, "id");
        let page = path_of(&text(&made, "pay_url"));
        let opened = self.ask("open the page", self.get(&page)).await?;
        let csrf = opened.form_token().unwrap();
        let form = format!("csrf={csrf}&payment_method=pm_sandbox_ok");
        let pay = self.client.request("POST", &format!("{page}/pay"));
        let pay = pay.header("content-type", "application/x-www-form-urlencoded");
        let paid = self.ask("pay on the page", pay.body(form)).await?;
        assert!(paid.header("location").unwrap().starts_with("/r/"));
        self.paid.push(id.clone());
        let read = self.get(&format!("{INTENTS}/{id}"));
        let read = self.ask("read the payment", read).await?.json();
        assert_eq!(read["status"], "succeeded", "{read}");
        let listed = self.get(&format!("{INTENTS}?limit=5"));
        let listed = self.ask("list payments", listed).await?.json();
        assert_eq!(listed["data"][0]["id"], *id, "{listed}");
        let poll = self.get(&format!("/v1/events?after={}&wait=5", self.after));
        let heard = self.ask("hear of it", poll).await?.json();
        assert!(heard["next_after"].as_i64().unwrap() > self.after);
        self.after = heard["next_after"].as_i64().unwrap();
        Some(())
    }

    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.request("GET", path)
    }

    async fn ask(
        &mut self,
        what: &'static str,
        request: reqwest::RequestBuilder,
    ) -> Option<Answer> {
        sleep(REST).await;
        self.asked += 1;
        let begun = Instant::now();
        let answer = timeout(PATIENCE, self.client.try_send(request)).await;
        let took = begun.elapsed();
        let longest = self.longest.entry(what).or_default();
        *longest = took.max(*longest);
        if took > WAIT_MAX {
            self.faults.push(format!("to {what} took {took:.1?}"));
        }
        match answer {
            Ok(Ok(answer)) if answer.status < 400 => return Some(answer),
            Ok(Ok(answer)) => {
                let (status, text) = (answer.status, answer.text());
                self.faults.push(format!("to {what}: {status}: {text}"));
            }
            Ok(Err(error)) => self.faults.push(format!("to {what}: {error:?}")),
            Err(_) => self.faults.push(format!("to {what}: no answer")),
        }
        None
    }
}

/// Waits until the merchant's callbacks are delivered, and looks how late they were.
async fn all_is_booked_and_delivered(db: &mut PgConnection, merchant: MerchantId, paid: &[String]) {
    let sql = "SELECT count(*) FILTER (WHERE status <> 'delivered'),
        coalesce(max(extract(epoch FROM updated_at - created_at)), 0)::float8
        FROM deliveries WHERE merchant_id = $1";
    let begun = Instant::now();
    let late = loop {
        let owed = sqlx::query_as(sql).bind(merchant.0);
        let (owed, late): (i64, f64) = owed.fetch_one(&mut *db).await.unwrap();
        if owed == 0 {
            break Duration::from_secs_f64(late);
        }
        assert!(begun.elapsed() < PATIENCE, "{owed} are never delivered");
        sleep(Duration::from_millis(50)).await;
    };
    println!("{late:>8.1?}  from a commit to its callback at most");
    assert!(late < LATE_MAX, "a callback was {late:.1?} late");
    let sql = "SELECT id FROM payment_intents WHERE merchant_id = $1 AND status = 'succeeded'
        AND amount_captured = 1250 ORDER BY id";
    let booked = sqlx::query_scalar(sql).bind(merchant.0);
    let booked: Vec<uuid::Uuid> = booked.fetch_all(db).await.unwrap();
    let booked = booked
        .into_iter()
        .map(|id| threadpay::base::ids::IntentId(id).to_string());
    assert_eq!(booked.collect::<Vec<_>>(), paid);
}

/// A process of the service with its Postgres and a healthy receiver.
struct House {
    service: Service,
    receiver: Receiver,
    db: Db,
    ambient: Ambient,
    anyone: Client,
    database: Database,
    _place: Place,
}

impl House {
    async fn start() -> Self {
        let made = spawn_blocking(|| {
            let place = Place::make("fairness");
            let database = Database::start(&place);
            (place, database)
        });
        let (place, database) = made.await.unwrap();
        let db = Db::from_url(&database.url()).unwrap();
        db.migrate().await.unwrap();
        let service = Service::start(Plan {
            name: "fairness",
            place: place.path().to_owned(),
            database_url: format!("{}?sslmode=disable", database.url()),
            public_url: "http://pay.example".to_owned(),
            is_limited: true,
            faketime: None,
        });
        let anyone = Client::new(&format!("http://{}", service.address));
        let ready = async {
            while anyone
                .try_send(anyone.request("GET", "/readyz"))
                .await
                .is_err()
            {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, ready).await.unwrap();
        Self {
            service,
            receiver: Receiver::start().await,
            db,
            ambient: Ambient::system(),
            anyone,
            database,
            _place: place,
        }
    }

    async fn merchant(&self) -> MerchantId {
        let made = create_merchant(&self.db, "Café Zeit", Mode::Test, &self.ambient);
        made.await.unwrap().id
    }

    async fn key(&self, merchant: MerchantId, role: Role) -> String {
        let key = NewApiKey::generate(&self.ambient, merchant, Mode::Test, role);
        create_key(&self.db, &key, &self.ambient).await.unwrap();
        key.text()
    }

    /// Merchants go to the writer's lanes by their ids.
    async fn one_merchant_a_lane(&self) -> Vec<Merchant> {
        let lanes = u128::try_from(available_parallelism().unwrap().get()).unwrap();
        let mut by_lane = BTreeMap::new();
        while by_lane.len() < available_parallelism().unwrap().get() {
            let id = self.merchant().await;
            by_lane.insert(id.0.as_u128() % lanes, id);
        }
        let mut merchants = Vec::new();
        for id in by_lane.into_values() {
            let key = self.key(id, Role::Merchant).await;
            let client = self.anyone.with_key(&key);
            let clients = [client.clone(), client];
            merchants.push(Merchant::with_endpoints(id, clients, &self.receiver).await);
        }
        merchants
    }

    /// A tenant with all the keys and endpoints that it may have.
    async fn hostile_tenant(&self) -> Knowledge {
        let id = self.merchant().await;
        let mut keys = BTreeMap::new();
        for attack in Attack::ALL {
            let role = match attack {
                Attack::SlowExports => Role::Finance,
                _ => Role::Merchant,
            };
            keys.insert(attack, self.key(id, role).await);
        }
        let owner = self.anyone.with_key(&keys[&Attack::Payments]);
        let (slow, mut endpoints) = (slow_endpoints().await, Vec::new());
        for number in 0..16 {
            let url = format!("http://{slow}/{number}");
            endpoints.push(text(&owner.create_endpoint(&url, &["*"]).await, "id"));
        }
        let amount = json!({"amount": "1.00", "currency": "EUR"});
        let intent = owner.create_intent(&amount).await.expect(201);
        let link = owner.create_link(&amount).await;
        Knowledge {
            service: self.service.address,
            keys,
            pages: [
                path_of(&text(&intent, "pay_url")),
                path_of(&text(&link, "url")),
            ],
            endpoints,
        }
    }

    /// Stops it in good order, which ends what the attackers began, and proves the books.
    async fn end(self, db: &mut PgConnection) {
        assert_eq!(self.service.starts(), 1, "the service has ended");
        assert!(!self.service.log().contains("panicked"));
        let service = self.service;
        spawn_blocking(|| service.stop()).await.unwrap();
        nothing_is_there_by_half(db, self.database.url()).await;
        spawn_blocking(|| drop(self.database)).await.unwrap();
    }
}

fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap().to_owned()
}

fn path_of(url: &str) -> String {
    url::Url::parse(url).unwrap().path().to_owned()
}
