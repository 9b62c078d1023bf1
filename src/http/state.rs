//! What all handlers share.

use crate::app::App;
use crate::http::server::limit::Limiter;
use std::{ops::Deref, sync::Arc};
use tokio::sync::Semaphore;

/// Most exports that run at once in this process: a quarter of the connections for reads.
const EXPORTS_AT_ONCE: usize = 4;

/// What all handlers share: the app, and what only the HTTP door needs beside it.
#[derive(Debug)]
pub struct State {
    app: Arc<App>,
    /// Counts each key's requests, where a limit is set.
    pub(super) limiter: Option<Limiter>,
    /// Turns for exports: each holds a connection for as long as its caller takes, and the other
    /// reads must not run out of them.
    pub(super) exports: Arc<Semaphore>,
    /// Whether reads of single intents share look-ups.
    pub(super) shares_reads: bool,
}

impl State {
    /// Puts the parts together.
    pub fn new(app: Arc<App>) -> Self {
        Self {
            limiter: app.config.rate_limit.map(Limiter::new),
            exports: Arc::new(Semaphore::new(EXPORTS_AT_ONCE)),
            shares_reads: true,
            app,
        }
    }

    /// The same with a statement for each read: what `threadpay bench` compares with.
    #[must_use]
    pub fn with_plain_reads(self) -> Self {
        Self {
            shares_reads: false,
            ..self
        }
    }
}

impl Deref for State {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}
