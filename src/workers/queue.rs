//! What is due of one kind, as a worker works it off: each thing by itself, so that one that fails
//! stands in nobody's way. It comes again after a pause that grows.

use super::Progress;
use crate::{
    app::App,
    base::ids::MerchantId,
    domain::due::{
        Kind, Taken,
        store::{self, Round},
    },
};
use futures_util::{StreamExt, stream};
use std::{collections::HashSet, fmt::Display, sync::Arc};
use time::OffsetDateTime;

/// How often it looks for what a process of the version before has left.
const ADOPTION: time::Duration = time::Duration::minutes(1);

/// How much is done at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Most merchants that a tick looks at.
    pub merchants: i64,
    /// Most things of one merchant that a tick takes.
    pub share: i64,
    /// How many are under way at once.
    pub at_once: usize,
}

/// The things of one kind that are due.
#[derive(Debug)]
pub(super) struct Queue {
    pub app: Arc<App>,
    round: Round,
    bounds: Bounds,
    adopt_at: OffsetDateTime,
}

impl Queue {
    pub fn new(app: Arc<App>, kind: Kind, bounds: Bounds) -> Self {
        Self {
            app,
            round: Round::new(kind, bounds.merchants),
            bounds,
            adopt_at: OffsetDateTime::UNIX_EPOCH,
        }
    }

    /// What the things are.
    pub fn kind(&self) -> Kind {
        self.round.kind()
    }

    /// Takes what is due of the next merchants but for those who are `busy`. Also says whether to take
    /// more at once.
    pub async fn take(
        &mut self,
        busy: &HashSet<MerchantId>,
    ) -> Result<(Vec<Taken>, bool), sqlx::Error> {
        let (app, now, kind) = (&self.app, self.app.ambient.now(), self.kind());
        if now >= self.adopt_at {
            store::adopt(&app.worker_pool, kind, now).await?;
            self.adopt_at = now + ADOPTION;
        }
        let bounds = (self.bounds.share, busy);
        self.round.take(&app.worker_pool, bounds, now).await
    }

    /// Does what is due of the next merchants. What `act` cannot do is put off.
    pub async fn tick<E: Display>(
        &mut self,
        act: impl AsyncFn(&App, Taken) -> Result<(), E>,
    ) -> Result<Progress, sqlx::Error> {
        let (taken, has_more) = self.take(&HashSet::new()).await?;
        let (app, kind, act) = (&self.app, self.kind(), &act);
        stream::iter(taken)
            .for_each_concurrent(self.bounds.at_once, async |taken| {
                if let Err(error) = act(app, taken).await {
                    put_off(app, kind, taken, &error);
                }
            })
            .await;
        Ok(if has_more {
            Progress::More
        } else {
            Progress::Idle
        })
    }
}

pub(super) fn put_off(app: &App, kind: Kind, taken: Taken, reason: &impl Display) {
    app.metrics.put_off(kind.as_str());
    tracing::warn!(
        %kind,
        merchant = %taken.merchant,
        subject = %taken.subject,
        tries = taken.tries,
        pause_s = taken.pause().as_secs(),
        %reason,
        "a thing that is due cannot be done; it is put off"
    );
}
