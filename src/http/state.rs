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
}

impl State {
    /// Puts the parts together.
    pub fn new(app: Arc<App>) -> Self {
        Self {
            limiter: app.config.rate_limit.map(Limiter::new),
            exports: Arc::new(Semaphore::new(EXPORTS_AT_ONCE)),
            app,
        }
    }
}

impl Deref for State {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}
