//! What every test of this program stands on: a service of its own over real HTTP, on a database
//! of its own, whose books are proved when the test is over.

mod browser;
pub mod chain;
mod client;
mod clock;
mod database;
mod sink;
pub mod stripe;
mod ticks;
mod wire;

pub use browser::Browser;
pub use client::{Answer, Client, new_key};
pub use clock::{TestClock, ambient};
pub use database::{new_database, open, run, shut};
pub use sink::{Received, Sink};
pub use wire::Wire;

use sqlx::AssertSqlSafe;
use std::{
    future::Future,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};
use threadpay::{
    app::{App, config::Config},
    base::{
        ambient::Ambient,
        crypto::MasterKey,
        db::{Db, Pool, Use},
        ids::MerchantId,
        mode::Mode,
    },
    domain::auth::{self, NewApiKey, Role, store},
    http::{self, State, server::Running},
    views::reports::verify::verify,
    workers::{self, Dispatcher, DispatcherParts, Limits, Worker},
    writer::RenderRejection,
};
use tokio::{runtime::Runtime, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A merchant and its callers.
#[derive(Clone, Debug)]
pub struct Merchant {
    pub id: MerchantId,
    pub bot: Client,
    pub owner: Client,
    pub finance: Client,
}

/// A service that runs, with one merchant.
pub struct TestApp {
    pub app: Arc<App>,
    pub database_url: String,
    pub pool: Pool,
    pub clock: Arc<TestClock>,
    pub ambient: Ambient,
    pub base_url: String,
    pub anyone: Client,
    pub merchant: Merchant,
    http: Option<Running>,
}

/// Runs a test against a service of its own and proves the books when it is over.
pub fn run_test<F>(test: F)
where
    F: AsyncFnOnce(&TestApp),
{
    let runtime = runtime();
    runtime.block_on(async {
        let app = TestApp::start().await;
        test(&app).await;
        app.end().await;
    });
    runtime.shutdown_background();
}

/// The same with rejections that are printed otherwise.
pub fn run_test_printing<F>(render: RenderRejection, test: F)
where
    F: AsyncFnOnce(&TestApp),
{
    let runtime = runtime();
    runtime.block_on(async {
        let app = TestApp::built(new_database().await, |config| config, render).await;
        test(&app).await;
        app.end().await;
    });
    runtime.shutdown_background();
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

/// Runs a test that needs a migrated database and no service.
pub fn run_on_database<F>(test: F)
where
    F: AsyncFnOnce(&Pool),
{
    let runtime = runtime();
    runtime.block_on(async {
        let db = Db::from_url(&new_database().await).unwrap();
        let pool = db.pool(Use::General, 4).await.unwrap();
        test(&pool).await;
        pool.close().await;
    });
}

/// Waits until there is something, and fails the test if it does not come.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, ask: impl Fn() -> F) -> T {
    let wait = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, wait).await;
    found.unwrap_or_else(|_| panic!("waited for {what} in vain"))
}

impl TestApp {
    async fn start() -> Self {
        Self::on(new_database().await).await
    }

    /// A service on this database: a second one makes two processes' worth.
    pub async fn on(database_url: String) -> Self {
        Self::with(database_url, |config| config).await
    }

    /// A service with other settings.
    pub async fn with(database_url: String, change: impl FnOnce(Config) -> Config) -> Self {
        Self::built(database_url, change, http::rejection::render).await
    }

    async fn built(
        database_url: String,
        change: impl FnOnce(Config) -> Config,
        render: RenderRejection,
    ) -> Self {
        let (clock, ambient) = clock::ambient();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let config = change(config(&database_url, address));
        let base_url = config.public_url.clone();
        let app = App::start(config, ambient.clone(), render);
        let app = app.await.unwrap();
        let http = http::server::start(listener, State::new(Arc::clone(&app))).unwrap();
        let anyone = Client::new(&base_url);
        let merchant = new_merchant(&app, &anyone, Mode::Test).await;
        Self {
            database_url,
            pool: app.pool.clone(),
            clock,
            ambient,
            base_url,
            anyone,
            merchant,
            http: Some(http),
            app,
        }
    }

    /// Another merchant beside the first.
    pub async fn another_merchant(&self) -> Merchant {
        new_merchant(&self.app, &self.anyone, Mode::Test).await
    }

    /// A merchant whose money is real.
    pub async fn live_merchant(&self) -> Merchant {
        new_merchant(&self.app, &self.anyone, Mode::Live).await
    }

    /// Sends what is owed and due, once.
    pub async fn deliver(&self) {
        let mut dispatcher = self.dispatcher(Limits::default());
        ticks::tick(&mut dispatcher).await;
        dispatcher.stop().await;
    }

    /// A dispatcher that works until it is stopped.
    pub fn start_dispatcher(&self) -> RunningDispatcher {
        self.start_dispatcher_with(Limits::default())
    }

    pub fn start_dispatcher_with(&self, limits: Limits) -> RunningDispatcher {
        let (dispatcher, stop) = (self.dispatcher(limits), CancellationToken::new());
        let (ambient, stopped) = (self.ambient.clone(), stop.clone());
        let wake = Arc::clone(&self.app.wake.deliveries);
        let beat = self.app.pulse.enter(Dispatcher::NAME, Dispatcher::PERIOD);
        let task =
            tokio::spawn(
                async move { workers::run(dispatcher, &wake, &ambient, stopped, beat).await },
            );
        RunningDispatcher { task, stop }
    }

    fn dispatcher(&self, limits: Limits) -> Dispatcher {
        let urls = self.app.urls.clone();
        let parts = DispatcherParts {
            pool: self.app.worker_pool.clone(),
            handover: Arc::clone(&self.app.handover),
            writer: self.app.writer.clone(),
            outbound: self.app.outbound.clone(),
            secrets: self.app.keyring.secrets.clone(),
            reveal: Arc::new(move |stored: &[u8]| urls.reveal(stored)),
            ambient: self.ambient.clone(),
        };
        Dispatcher::new(parts, limits)
    }

    /// One number that SQL gives.
    pub async fn count(&self, sql: &str) -> i64 {
        let count = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
        count.fetch_one(&self.pool).await.unwrap()
    }

    /// Proves the books and stops.
    pub async fn end(self) {
        self.check_books().await;
        self.stop().await;
    }

    /// Stops, with nothing proved.
    pub async fn stop(mut self) {
        self.app.stopping.cancel();
        if let Some(http) = self.http.take() {
            // All requests are answered; idle connections are not worth waiting for.
            http.stop(Duration::ZERO).await;
        }
        self.app.close().await;
    }

    /// What must be true of every database at the end of every test.
    pub async fn check_books(&self) {
        verify(&self.pool, None).await.unwrap();
        for (fault, sql) in FAULTS {
            assert_eq!(self.count(sql).await, 0, "{fault}");
        }
    }
}

/// A dispatcher at work.
pub struct RunningDispatcher {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

impl RunningDispatcher {
    /// Lets it finish what it has begun.
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// Rows that must not exist.
const FAULTS: [(&str, &str); 5] = [
    (
        "a paid intent has not exactly one capture entry of what was captured",
        "SELECT count(*) FROM payment_intents i WHERE status = 'succeeded' AND 1 <> (
            SELECT count(*) FROM journal_entries e JOIN postings p
                ON p.merchant_id = e.merchant_id AND p.entry_sequence = e.sequence AND p.line = 1
            WHERE e.merchant_id = i.merchant_id AND e.payment_intent_id = i.id AND e.kind = 'capture'
                AND p.amount = i.amount_captured AND p.currency = i.currency)",
    ),
    (
        "the books of a currency do not balance",
        "SELECT count(*) FROM (SELECT 1 FROM balances GROUP BY merchant_id, currency HAVING sum(debits) <> sum(credits)) x",
    ),
    (
        "a delivery is under lease",
        "SELECT count(*) FROM deliveries WHERE lease_id IS NOT NULL AND status = 'pending'",
    ),
    (
        "an event sequence has a gap",
        "SELECT count(*) FROM books b WHERE b.event_sequence <> (SELECT count(*) FROM events e WHERE e.merchant_id = b.merchant_id)",
    ),
    (
        "a link counts its payments wrong",
        "SELECT count(*) FROM payment_links l WHERE (payments_count, payments_open) <> (
            SELECT count(*) FILTER (WHERE status = 'succeeded'),
                count(*) FILTER (WHERE status IN ('processing', 'requires_action', 'requires_capture')
                    AND open_attempt_kind IS DISTINCT FROM 'transfer')
            FROM payment_intents i WHERE i.merchant_id = l.merchant_id AND i.payment_link_id = l.id)",
    ),
];

/// The settings of a test's service.
pub fn config(database_url: &str, address: SocketAddr) -> Config {
    let db = Db::from_url(database_url).unwrap();
    Config {
        allow_private_callbacks: true,
        ..Config::new(db, address, MasterKey::new([1; 32]))
    }
}

async fn new_merchant(app: &App, anyone: &Client, mode: Mode) -> Merchant {
    let (ambient, now) = (&app.ambient, app.ambient.now());
    // Over a connection that stands: each new one costs as much as a small test.
    let mut db = app.pool.acquire().await.unwrap();
    let id: MerchantId = ambient.id();
    let merchant = auth::Merchant {
        id,
        name: "Café Zeit".to_owned(),
        mode,
        created_at: now,
        ahead: time::Duration::ZERO,
    };
    store::insert_merchant(&mut db, &merchant).await.unwrap();
    let keys = [Role::Bot, Role::Merchant, Role::Finance];
    let keys = keys.map(|role| NewApiKey::generate(ambient, id, mode, role));
    for key in &keys {
        store::insert_key(&mut db, key, now).await.unwrap();
    }
    let [bot, owner, finance] = keys.map(|key| anyone.with_key(&key.text()));
    Merchant {
        id,
        bot,
        owner,
        finance,
    }
}
