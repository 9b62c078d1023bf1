//! The service as a command runs it: the app, its HTTP door and its workers, until it is asked to stop.

use super::{ProgramError, Signals, socket};
use crate::{
    app::{App, StartError, config::Config},
    base::ambient::Ambient,
    http::{self, State},
    workers::{
        self, Dispatcher, DispatcherParts, Expirer, Forgetter, Limits, Listener, Observer, Player,
        Prober, Reconciler, Replayer, Resolver, Settler, UseRecorder, Worker,
    },
};
use futures_util::future::join_all;
use std::{io, net::TcpListener, sync::Arc, time::Duration};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long requests and workers may go on after a stop.
const GRACE: Duration = Duration::from_secs(10);
/// How long the database may take to let go of what the service has open. All of it together stays
/// below the half minute after which a container is killed.
const CLOSE: Duration = Duration::from_secs(5);
/// How long a process whose clock is off still answers before it stops.
const NOTICE: Duration = Duration::from_secs(3);

/// A service that runs.
#[derive(Debug)]
pub struct Service {
    /// What it is made of.
    pub app: Arc<App>,
    /// Servers for everyone, and for operators alone.
    servers: Vec<http::server::Running>,
    workers: TaskTracker,
    stop: CancellationToken,
}

impl Service {
    /// Starts the app, HTTP if there is a listener, and the workers if they are wanted. Operators are
    /// answered in any case where they have an address of their own.
    pub async fn start(
        config: Config,
        listener: Option<TcpListener>,
        workers: bool,
    ) -> Result<Self, ProgramError> {
        let app = App::start(config, Ambient::system(), http::rejection::render).await?;
        let mut servers = Vec::new();
        let (mut listen, mut operator_listen) = (None, None);
        if let Some(listener) = listener {
            listen = listener.local_addr().ok();
            servers.push(http::server::start(listener, State::new(Arc::clone(&app))));
        }
        if let Some(address) = &app.config.operator_listen {
            let listener = socket::bind(address).await?;
            operator_listen = listener.local_addr().ok();
            let state = State::new(Arc::clone(&app));
            servers.push(http::server::start_operators(listener, state));
        }
        let servers: io::Result<_> = servers.into_iter().collect();
        let service = Self {
            servers: servers.map_err(ProgramError::Runtime)?,
            workers: TaskTracker::new(),
            stop: CancellationToken::new(),
            app,
        };
        let (wake, db) = (&service.app.wake, &service.app.config.database);
        let share = Arc::clone(wake).share(db.clone(), service.stop.clone());
        service.workers.spawn(share);
        service.watch_clock();
        service.work(UseRecorder(Arc::clone(&service.app)), Arc::default());
        if workers {
            service.start_workers();
        }
        let (version, base_url) = (env!("CARGO_PKG_VERSION"), service.base_url());
        tracing::info!(
            version,
            listen = listen.map(tracing::field::display),
            operator_listen = operator_listen.map(tracing::field::display),
            base_url,
            workers,
            "threadpay has started"
        );
        Ok(service)
    }

    fn watch_clock(&self) {
        let (app, stop) = (Arc::clone(&self.app), self.stop.clone());
        let watch = async move { app.clock.run(&app.worker_pool, &app.ambient, stop).await };
        self.workers.spawn(watch);
    }

    fn start_workers(&self) {
        let app = &self.app;
        let dispatcher = dispatcher(app);
        self.work(
            Observer::new(Arc::clone(app), dispatcher.stats()),
            Arc::default(),
        );
        self.work(dispatcher, Arc::clone(&app.wake.deliveries));
        self.work(
            Replayer::new(Arc::clone(app)),
            Arc::clone(&app.wake.replays),
        );
        self.work(Settler::new(Arc::clone(app)), Arc::default());
        self.work(Resolver::new(Arc::clone(app)), Arc::default());
        self.work(Listener::new(Arc::clone(app)), Arc::default());
        self.work(Player::new(Arc::clone(app)), Arc::default());
        self.work(Prober::new(Arc::clone(app)), Arc::default());
        self.work(Reconciler::new(Arc::clone(app)), Arc::default());
        self.work(Expirer::new(Arc::clone(app)), Arc::default());
        self.work(Forgetter(Arc::clone(app)), Arc::default());
    }

    fn work<W: Worker + 'static>(&self, worker: W, wake: Arc<Notify>) {
        let beat = self.app.pulse.enter(W::NAME, W::PERIOD);
        let (ambient, stop) = (self.app.ambient.clone(), self.stop.clone());
        self.workers
            .spawn(async move { workers::run(worker, &wake, &ambient, stop, beat).await });
    }

    /// How the service is reached, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.app.config.public_url
    }

    /// Runs until the soft signal or until its clock is off, then lets what is begun come to its
    /// end.
    pub async fn run(self, signals: &Signals) -> Result<(), ProgramError> {
        let app = Arc::clone(&self.app);
        tokio::select! {
            () = signals.soft().cancelled() => {}
            () = app.clock.found() => {
                // Until then load balancers may learn from `/readyz` that it stops.
                let notice = tokio::time::sleep(NOTICE);
                signals.soft().run_until_cancelled(notice).await;
            }
        }
        self.stop().await;
        app.clock
            .off()
            .map_or(Ok(()), |off| Err(ProgramError::Failed(off.to_string())))
    }

    /// Takes nothing new and lets what is begun come to its end.
    pub async fn stop(self) {
        self.app.stopping.cancel();
        let stops = self.servers.into_iter().map(|server| server.stop(GRACE));
        join_all(stops).await;
        self.stop.cancel();
        self.workers.close();
        // What is not done by then is done by the next process: nothing is lost.
        let _ = tokio::time::timeout(GRACE, self.workers.wait()).await;
        if tokio::time::timeout(CLOSE, self.app.close()).await.is_err() {
            tracing::warn!("the database does not answer: stopped without waiting for it");
        }
    }
}

/// Who sends a service's callbacks.
pub fn dispatcher(app: &App) -> Dispatcher {
    let urls = app.urls.clone();
    let parts = DispatcherParts {
        pool: app.worker_pool.clone(),
        handover: Arc::clone(&app.handover),
        writer: app.writer.clone(),
        outbound: app.outbound.clone(),
        secrets: app.keyring.secrets.clone(),
        reveal: Arc::new(move |stored: &[u8]| urls.reveal(stored)),
        ambient: app.ambient.clone(),
    };
    let limits = Limits {
        per_endpoint: app.config.callback_concurrency.into(),
        ..Limits::default()
    };
    Dispatcher::new(parts, limits)
}

impl From<StartError> for ProgramError {
    fn from(error: StartError) -> Self {
        Self::Failed(error.to_string())
    }
}
