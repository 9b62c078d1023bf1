//! What all handlers share.

use super::limit::Limiter;
use crate::app::App;
use std::{ops::Deref, sync::Arc};

/// What all handlers share: the app, and what only the HTTP door needs beside it.
#[derive(Debug)]
pub struct State {
    app: Arc<App>,
    /// Counts each key's requests, where a limit is set.
    pub(super) limiter: Option<Limiter>,
}

impl State {
    /// Puts the parts together.
    pub fn new(app: Arc<App>) -> Self {
        Self {
            limiter: app.config.rate_limit.map(Limiter::new),
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
