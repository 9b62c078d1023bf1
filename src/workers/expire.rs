//! Ends intents that nobody paid in time and links whose time is over.

use super::{Progress, Worker, resolve::TickError};
use crate::{app::App, intents, links, writer::Command};
use std::{sync::Arc, time::Duration};

/// Most rows of each kind that a tick ends.
const TICK_MAX: i64 = 500;

/// Ends what is overdue.
#[derive(Debug)]
pub struct Expirer(pub Arc<App>);

impl Worker for Expirer {
    const NAME: &'static str = "expire";
    const PERIOD: Duration = Duration::from_secs(1);
    type Error = TickError;

    async fn tick(&mut self) -> Result<Progress, TickError> {
        let app = &self.0;
        let now = app.ambient.now();
        let intents = intents::store::due(&app.worker_pool, now, TICK_MAX).await?;
        let links = links::store::due(&app.worker_pool, now, TICK_MAX).await?;
        let most = intents.len().max(links.len());
        let commands = intents
            .into_iter()
            .map(|(merchant, id)| (merchant, Command::ExpireIntent(id)));
        let commands = commands.chain(
            links
                .into_iter()
                .map(|(merchant, id)| (merchant, Command::ExpireLink(id))),
        );
        let submissions = commands.map(|(merchant, command)| super::submit(app, merchant, command));
        // Together, so that they share batches.
        for done in futures_util::future::join_all(submissions).await {
            done?;
        }
        Ok(if i64::try_from(most).is_ok_and(|most| most == TICK_MAX) {
            Progress::More
        } else {
            Progress::Idle
        })
    }
}
