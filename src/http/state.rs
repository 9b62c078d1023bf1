//! What all handlers share.

use crate::app::{App, ListTurn};
use crate::base::{ids::MerchantId, unknown::Unknown};
use crate::domain::{auth::Principal, clocks};
use crate::http::Problem;
use crate::http::server::{limit::Limits, turns::ExportTurns};
use std::{ops::Deref, sync::Arc};
use time::OffsetDateTime;

/// What all handlers share: the app, and what only the HTTP door needs beside it.
#[derive(Debug)]
pub struct State {
    app: Arc<App>,
    /// Counts requests, where a limit is set.
    pub(super) limits: Option<Limits>,
    /// Turns for exports.
    pub(super) exports: ExportTurns,
    /// Hashes of tokens that open no page.
    pub(super) unknown_pages: Unknown<[u8; 32]>,
}

impl State {
    /// Puts the parts together.
    pub fn new(app: Arc<App>) -> Self {
        Self {
            limits: app.config.rate_limit.map(Limits::new),
            exports: ExportTurns::default(),
            unknown_pages: Unknown::default(),
            app,
        }
    }

    /// The merchant's time. Live merchants have everybody's, and nothing is asked for them.
    pub(super) async fn time_of(&self, caller: &Principal) -> Result<OffsetDateTime, Problem> {
        let outside = self.ambient.now();
        if caller.mode.is_live() {
            return Ok(outside);
        }
        let clock = clocks::store::get(&self.pool, caller.merchant).await?;
        Ok(clock.map_or(outside, |clock| clock.now(outside)))
    }

    /// The merchant's turn to read a list.
    pub(super) async fn list_turn(&self, merchant: MerchantId) -> Result<ListTurn, Problem> {
        let turn = self.lists.turn(merchant).await;
        turn.ok_or_else(Problem::overloaded)
    }
}

impl Deref for State {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}
