//! The service, built once and handed to every door.

mod clock;
pub mod config;
mod feeds;
mod lists;
mod payments;
mod providers;
mod pulse;
mod reader;
mod shares;
pub mod statements;
pub mod telemetry;
mod wake;

pub use clock::{ClockOff, ClockWatch};
pub use feeds::{Feeds, WAITERS_OF_KEY, Waiter};
pub use lists::{ListTurn, Lists};
pub use payments::Performed;
pub use providers::{CheckError, NotLookedAt, NotReady, Providers, Told, UntoldError, Watch};
pub use pulse::{Beat, Pulse};
pub use reader::Reader;
pub use wake::Wake;

use self::{config::Config, telemetry::Metrics};
use crate::base::db::Pool;
use crate::{
    base::{
        ambient::Ambient,
        crypto::Keyring,
        db::{DbError, Use},
        net::{BuildError, DEADLINE, Outbound, Policy},
    },
    domain::{
        auth::{self, Authenticator, OpenError},
        callbacks::outbox::Handover,
        links::PageUrls,
        rails::x402,
    },
    writer::{BatchReport, Hooks, RenderRejection, Writer, WriterOptions},
};
use std::{fmt, sync::Arc};
use tokio_util::sync::CancellationToken;

/// Connections for look-ups of callers, pages and single objects.
const READ_CONNECTIONS: u32 = 12;
/// Connections for the feed.
const FEED_CONNECTIONS: u32 = 6;
/// Connections for the workers that send callbacks and keep house.
const WORKER_CONNECTIONS: u32 = 5;

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be used.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The clocks of this machine and of Postgres differ.
    #[error(transparent)]
    Clock(#[from] ClockOff),
    /// The cell's keys cannot be opened.
    #[error(transparent)]
    Keyring(#[from] OpenError),
    /// The outbound client cannot be built.
    #[error(transparent)]
    Outbound(#[from] BuildError),
    /// The metrics cannot be registered.
    #[error("cannot set up metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// The service: what the doors share.
pub struct App {
    /// Its configuration.
    pub config: Config,
    /// Time, ids and chance.
    pub ambient: Ambient,
    /// Connections for look-ups: callers, pages, single objects.
    pub pool: Pool,
    /// Connections for lists, reports, exports, and the feed where it is narrowed.
    pub lists: Arc<Lists>,
    /// Connections for workers, whose statements are all look-ups by key.
    pub worker_pool: Pool,
    /// The cell's keys.
    pub keyring: Keyring,
    /// Addresses of pages.
    pub urls: PageUrls,
    /// Knows callers by their keys.
    pub authenticator: Authenticator,
    /// The only way to change anything.
    pub writer: Writer,
    /// The way out for callbacks.
    pub outbound: Outbound,
    /// The way to the rails.
    pub providers: Arc<Providers>,
    /// Counters and histograms.
    pub metrics: Arc<Metrics>,
    /// Where the writer hands new deliveries to the dispatcher, if there is one in this process.
    pub handover: Arc<Handover>,
    /// Whether what works in the background goes on.
    pub pulse: Arc<Pulse>,
    /// Whether this machine's clock is right.
    pub clock: ClockWatch,
    /// Wakes those who wait for what a commit left.
    pub wake: Arc<Wake>,
    /// Who waits for events.
    pub feeds: Arc<Feeds>,
    /// Canceled when the service begins to stop: requests that wait for news end their wait.
    pub stopping: CancellationToken,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "App ({:?})", self.config)
    }
}

impl App {
    /// Connects everything. `render` prints rejections as the doors do.
    pub async fn start(
        config: Config,
        ambient: Ambient,
        render: RenderRejection,
    ) -> Result<Arc<Self>, StartError> {
        let db = config.database.clone();
        let pool = db.pool(Use::Reads, READ_CONNECTIONS).await?;
        crate::base::db::check_schema(&pool).await?;
        clock::compare(&pool, &ambient)
            .await
            .map_err(DbError::from)??;
        let lists = Arc::new(Lists::connect(&db).await?);
        let feed_pool = db.pool(Use::Lists, FEED_CONNECTIONS).await?;
        let worker_pool = db.pool(Use::Dispatcher, WORKER_CONNECTIONS).await?;
        let keyring = auth::open_keyring(&pool, &config.master_key, &ambient).await?;
        let urls = PageUrls::new(&config.public_url, keyring.tokens.clone());
        let outbound = outbound(&config)?;
        let metrics = Arc::new(Metrics::new()?);
        let wake = Arc::new(Wake::new(&ambient));
        let handover = Arc::new(Handover::default());
        let lanes = std::thread::available_parallelism().map_or(1, usize::from);
        let options = WriterOptions {
            db,
            lanes,
            ambient: ambient.clone(),
            urls: urls.clone(),
            render,
            handover: Arc::clone(&handover),
            hooks: hooks(&metrics, &wake),
        };
        let writer = Writer::start(options).await?;
        let providers = Providers {
            pool: pool.clone(),
            keys: keyring.secrets.clone(),
            outbound: way_to_providers(&config)?,
            stripe_url: config.stripe_url.clone(),
            urls: urls.clone(),
            watch: Watch::new(writer.clone()),
            ambient: ambient.clone(),
        };
        let authenticator =
            Authenticator::new(pool.clone(), keyring.signing.clone(), ambient.clone());
        let feeds = Feeds::new(feed_pool, Arc::clone(&lists), Arc::clone(&wake));
        let app = Self {
            config,
            ambient,
            pool,
            lists,
            worker_pool,
            keyring,
            urls,
            authenticator,
            writer,
            outbound,
            providers: Arc::new(providers),
            metrics,
            handover,
            pulse: Arc::default(),
            clock: ClockWatch::default(),
            wake,
            feeds,
            stopping: CancellationToken::new(),
        };
        Ok(Arc::new(app))
    }

    /// Finishes what is queued and closes the connections.
    pub async fn close(&self) {
        self.writer.close().await;
        self.worker_pool.close().await;
        self.lists.close().await;
        self.pool.close().await;
    }
}

fn outbound(config: &Config) -> Result<Outbound, BuildError> {
    Outbound::new(policy(config), config.callback_proxy.as_ref(), DEADLINE)
}

/// The way out to the providers of rails.
fn way_to_providers(config: &Config) -> Result<Outbound, BuildError> {
    let proxy = config.callback_proxy.as_ref();
    Outbound::with_bound(policy(config), proxy, x402::DEADLINE, x402::EXCHANGE_BYTES)
}

fn policy(config: &Config) -> Policy {
    Policy {
        allow_private: config.allow_private_callbacks,
        ports: config.callback_ports.clone(),
        networks: config.callback_networks.clone(),
    }
}

fn hooks(metrics: &Arc<Metrics>, wake: &Arc<Wake>) -> Hooks {
    let (metrics, wake) = (Arc::clone(metrics), Arc::clone(wake));
    Hooks(Arc::new(move |report: BatchReport| {
        let lane = metrics.lane(report.lane);
        lane.batch(report.commands, report.took);
        lane.queue_depth(report.queued);
        wake.committed(&report.notified, report.deliveries > 0, report.replays > 0);
    }))
}
