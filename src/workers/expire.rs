//! Ends intents that nobody paid in time and links whose time is over.
//!
//! It reads what ended in the order of the ends, a page at a time, and goes on from its last row.
//! The index of ends knows no status, so what was paid long ago is passed, too: what ended before
//! this process started is read slowly, a page a tick. A row whose merchant's books are locked is
//! left to the next look back.

use super::{Progress, Worker, resolve::TickError};
use crate::{
    app::App,
    base::ids::MerchantId,
    domain::{
        intents::{self, store::Ended},
        links,
    },
    writer::{Command, LinkCommand, PaymentCommand},
};
use std::{sync::Arc, time::Duration};
use time::{Duration as Span, OffsetDateTime};
use uuid::Uuid;

/// Most rows of each kind that a tick looks at.
const PAGE: i64 = 500;
/// How much of what ended before it started it reads without rest.
const RECENT: Span = Span::days(1);
/// How often it looks back, for what could not be ended when its time came.
const LOOK_BACK: Span = Span::hours(1);
/// How far it looks back then.
const LOOKED_BACK: Span = Span::days(8);

/// A place in the order of ends.
type Place = (OffsetDateTime, Uuid);

/// Ends what is overdue.
#[derive(Debug)]
pub struct Expirer {
    app: Arc<App>,
    /// What ended up to there has been looked at since the start.
    done: Place,
    /// How far the look back has come, and where it ends; none while it rests.
    back: Option<(Place, OffsetDateTime)>,
    look_back_at: OffsetDateTime,
    /// The last link that was looked at. Links that have ended leave their index, so after the last
    /// one it begins anew.
    link: Place,
}

impl Expirer {
    /// An expirer that looks back at everything first.
    pub fn new(app: Arc<App>) -> Self {
        let now = app.ambient.now();
        Self {
            app,
            done: start(now - RECENT),
            back: Some((start(OffsetDateTime::UNIX_EPOCH), now - RECENT)),
            look_back_at: now + LOOK_BACK,
            link: start(OffsetDateTime::UNIX_EPOCH),
        }
    }

    /// Ends the intents of the next page, and says whether it was a full one.
    async fn end_recent(&mut self, now: OffsetDateTime) -> Result<bool, TickError> {
        let (last, is_full) = end_intents(&self.app, self.done, now).await?;
        self.done = last;
        Ok(is_full)
    }

    /// Ends what is left in the next page of what ended before.
    async fn look_back(&mut self, now: OffsetDateTime) -> Result<(), TickError> {
        if self.back.is_none() && now >= self.look_back_at {
            self.back = Some((start(now - LOOKED_BACK), now));
            self.look_back_at = now + LOOK_BACK;
        }
        if let Some((after, until)) = self.back {
            let (last, is_full) = end_intents(&self.app, after, until).await?;
            self.back = is_full.then_some((last, until));
        }
        Ok(())
    }

    async fn end_links(&mut self, now: OffsetDateTime) -> Result<bool, TickError> {
        let page = links::store::due(&self.app.worker_pool, self.link, now, PAGE).await?;
        let is_full = is_full(page.len());
        let last = page.last().filter(|_| is_full);
        self.link = last.map_or(start(OffsetDateTime::UNIX_EPOCH), |(at, _, id)| (*at, id.0));
        let due = page.into_iter();
        let due = due.map(|(_, merchant, id)| (merchant, LinkCommand::Expire(id).into()));
        submit(&self.app, due).await;
        Ok(is_full)
    }
}

impl Worker for Expirer {
    const NAME: &'static str = "expire";
    const PERIOD: Duration = Duration::from_secs(1);
    type Error = TickError;

    async fn tick(&mut self) -> Result<Progress, TickError> {
        let now = self.app.ambient.now();
        let (intents, links) = (self.end_recent(now).await?, self.end_links(now).await?);
        if intents || links {
            return Ok(Progress::More);
        }
        self.look_back(now).await?;
        Ok(Progress::Idle)
    }
}

/// The place before all that ends then.
fn start(at: OffsetDateTime) -> Place {
    (at, Uuid::nil())
}

fn is_full(rows: usize) -> bool {
    i64::try_from(rows).is_ok_and(|rows| rows == PAGE)
}

/// Ends the open intents of a page, and gives its last place and whether it was full.
async fn end_intents(
    app: &App,
    after: Place,
    until: OffsetDateTime,
) -> Result<(Place, bool), TickError> {
    let page = intents::store::ended(&app.worker_pool, after, until, PAGE).await?;
    let last = page
        .last()
        .map_or(after, |ended| (ended.at, ended.intent.0));
    let is_full = is_full(page.len());
    let open = page.into_iter().filter(|ended| ended.is_open);
    let due = open.map(
        |Ended {
             merchant, intent, ..
         }| { (merchant, PaymentCommand::Expire(intent).into()) },
    );
    submit(app, due).await;
    Ok((last, is_full))
}

/// Has commands done together, so that they share batches.
async fn submit(app: &App, due: impl Iterator<Item = (MerchantId, Command)>) {
    let due = due.map(|(merchant, command)| super::submit::<Expirer>(app, merchant, command));
    for done in futures_util::future::join_all(due).await {
        if let Err(error) = done {
            tracing::warn!(%error, "something overdue could not be ended; it is tried again");
        }
    }
}
