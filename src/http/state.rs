//! What all handlers share.

use crate::app::App;
use crate::http::server::{limit::Limits, turns::ExportTurns};
use std::{ops::Deref, sync::Arc};

/// What all handlers share: the app, and what only the HTTP door needs beside it.
#[derive(Debug)]
pub struct State {
    app: Arc<App>,
    /// Counts requests, where a limit is set.
    pub(super) limits: Option<Limits>,
    /// Turns for exports.
    pub(super) exports: ExportTurns,
}

impl State {
    /// Puts the parts together.
    pub fn new(app: Arc<App>) -> Self {
        Self {
            limits: app.config.rate_limit.map(Limits::new),
            exports: ExportTurns::default(),
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
