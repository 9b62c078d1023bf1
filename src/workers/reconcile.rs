//! Goes on with statements whose request ended before all lines were looked at.

use super::{
    Progress, Worker,
    queue::{Bounds, Queue},
};
use crate::{
    app::{App, statements},
    base::{actor::Actor, ids::StatementId},
    domain::due::{Kind, Taken},
    writer::WriteError,
};
use std::{sync::Arc, time::Duration};

const BOUNDS: Bounds = Bounds {
    merchants: 256,
    share: 1,
    at_once: 4,
};

/// Looks at the lines of statements that are left.
#[derive(Debug)]
pub struct Reconciler(Queue);

impl Reconciler {
    /// A reconciler that begins with the first merchant.
    pub fn new(app: Arc<App>) -> Self {
        Self(Queue::new(app, Kind::Statement, BOUNDS))
    }
}

impl Worker for Reconciler {
    const NAME: &'static str = "reconcile";
    const PERIOD: Duration = Duration::from_secs(5);
    type Error = sqlx::Error;

    async fn tick(&mut self) -> Result<Progress, sqlx::Error> {
        self.0.tick(finish).await
    }
}

async fn finish(app: &App, taken: Taken) -> Result<(), WriteError> {
    let statement = (taken.merchant, StatementId(taken.subject));
    let actor = Actor::Worker(Reconciler::NAME);
    statements::finish(&app.writer, &app.worker_pool, statement, actor)
        .await
        .map(drop)
}
