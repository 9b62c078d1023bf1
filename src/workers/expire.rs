//! Ends intents that nobody paid in time and links whose time is over.

use super::{Progress, Worker, resolve::TickError};
use crate::{
    app::App,
    domain::{intents, links},
    writer::{LinkCommand, PaymentCommand},
};
use std::{sync::Arc, time::Duration};
use time::OffsetDateTime;

/// Most rows of each kind that a tick ends.
const TICK_MAX: i64 = 500;

/// How often it looks at all that ever ended, beside what ended since it last looked: for intents
/// that were being paid when their time ended, and were declined afterwards.
const LOOK_BACK: time::Duration = time::Duration::hours(1);

/// Ends what is overdue.
#[derive(Debug)]
pub struct Expirer {
    app: Arc<App>,
    /// All that ended until then is done.
    done_until: OffsetDateTime,
    /// When it looks at everything again.
    look_back_at: OffsetDateTime,
}

impl Expirer {
    /// An expirer that looks at everything first.
    pub fn new(app: Arc<App>) -> Self {
        let (done_until, look_back_at) =
            (OffsetDateTime::UNIX_EPOCH, app.ambient.now() + LOOK_BACK);
        Self {
            app,
            done_until,
            look_back_at,
        }
    }
}

impl Worker for Expirer {
    const NAME: &'static str = "expire";
    const PERIOD: Duration = Duration::from_secs(1);
    type Error = TickError;

    async fn tick(&mut self) -> Result<Progress, TickError> {
        let app = &self.app;
        let now = app.ambient.now();
        if now >= self.look_back_at {
            (self.done_until, self.look_back_at) = (OffsetDateTime::UNIX_EPOCH, now + LOOK_BACK);
        }
        let intents =
            intents::store::due(&app.worker_pool, (self.done_until, now), TICK_MAX).await?;
        let links = links::store::due(&app.worker_pool, now, TICK_MAX).await?;
        let most = intents.len().max(links.len());
        let commands = intents
            .into_iter()
            .map(|(merchant, id)| (merchant, PaymentCommand::Expire(id).into()));
        let commands = commands.chain(
            links
                .into_iter()
                .map(|(merchant, id)| (merchant, LinkCommand::Expire(id).into())),
        );
        let submissions = commands.map(|(merchant, command)| super::submit(app, merchant, command));
        // Together, so that they share batches.
        for done in futures_util::future::join_all(submissions).await {
            done?;
        }
        if i64::try_from(most).is_ok_and(|most| most == TICK_MAX) {
            return Ok(Progress::More);
        }
        self.done_until = now;
        Ok(Progress::Idle)
    }
}
