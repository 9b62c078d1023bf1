//! Ends intents that nobody paid in time and links whose time is over.
//!
//! It reads what ended in the order of the ends, a page at a time, goes on from its last row, and
//! makes it due; from there each merchant has a share, and what cannot be ended is put off. The
//! index of intents' ends knows no status, so what was paid long ago is passed, too: what ended
//! before this process started is read slowly, a page a tick.

use super::{
    Progress, Worker,
    queue::{Bounds, Queue},
    resolve::TickError,
};
use crate::{
    app::App,
    base::ids::{IntentId, LinkId},
    domain::{
        due::{self, Kind, Taken, store::Row},
        intents, links,
    },
    writer::{Command, LinkCommand, PaymentCommand},
};
use std::{sync::Arc, time::Duration};
use time::{Duration as Span, OffsetDateTime};
use uuid::Uuid;

const BOUNDS: Bounds = Bounds {
    merchants: 256,
    share: 128,
    at_once: 256,
};
/// Most rows of each kind that a tick looks at.
const PAGE: i64 = 500;
/// How much of what ended before it started it reads without rest.
const RECENT: Span = Span::days(1);

/// A place in the order of ends.
type Place = (OffsetDateTime, Uuid);

/// Ends what is overdue.
#[derive(Debug)]
pub struct Expirer {
    app: Arc<App>,
    intents: Queue,
    links: Queue,
    /// What ended up to there has been looked at since the start.
    done: Place,
    /// How far the look at what ended before has come, and where it ends; none when it is over.
    back: Option<(Place, OffsetDateTime)>,
    /// The last link that was looked at. Links that have ended leave their index, so after the last
    /// one it begins anew.
    link: Place,
}

impl Expirer {
    /// An expirer that looks at the last day first, then at all before.
    pub fn new(app: Arc<App>) -> Self {
        let recent = app.ambient.now() - RECENT;
        Self {
            intents: Queue::new(Arc::clone(&app), Kind::IntentExpiry, BOUNDS),
            links: Queue::new(Arc::clone(&app), Kind::LinkExpiry, BOUNDS),
            app,
            done: start(recent),
            back: Some((start(OffsetDateTime::UNIX_EPOCH), recent)),
            link: start(OffsetDateTime::UNIX_EPOCH),
        }
    }

    /// Makes the next page of what has ended due, and says whether it was a full one.
    async fn find(&mut self, now: OffsetDateTime) -> Result<bool, sqlx::Error> {
        let (last, intents) = find_intents(&self.app, self.done, now).await?;
        self.done = last;
        let links = self.find_links(now).await?;
        if !intents
            && !links
            && let Some((after, until)) = self.back
        {
            let (last, is_full) = find_intents(&self.app, after, until).await?;
            self.back = is_full.then_some((last, until));
        }
        Ok(intents || links)
    }

    async fn find_links(&mut self, now: OffsetDateTime) -> Result<bool, sqlx::Error> {
        let page = links::store::due(&self.app.worker_pool, self.link, now, PAGE).await?;
        let is_full = is_full(page.len());
        let last = page.last().filter(|_| is_full);
        self.link = last.map_or(start(OffsetDateTime::UNIX_EPOCH), |(at, _, id)| (*at, id.0));
        let rows = page
            .into_iter()
            .map(|(at, merchant, id)| (merchant, id.0, at));
        make_due(&self.app, Kind::LinkExpiry, rows.collect()).await?;
        Ok(is_full)
    }
}

impl Worker for Expirer {
    const NAME: &'static str = "expire";
    const PERIOD: Duration = Duration::from_secs(1);
    type Error = sqlx::Error;

    async fn tick(&mut self) -> Result<Progress, sqlx::Error> {
        let has_found = self.find(self.app.ambient.now()).await?;
        let intents = self.intents.tick(end_intent).await?;
        let links = self.links.tick(end_link).await?;
        Ok(if has_found || intents == Progress::More {
            Progress::More
        } else {
            links
        })
    }
}

async fn end_intent(app: &App, taken: Taken) -> Result<(), TickError> {
    let command = PaymentCommand::Expire(IntentId(taken.subject));
    end(app, Kind::IntentExpiry, taken, command.into()).await
}

async fn end_link(app: &App, taken: Taken) -> Result<(), TickError> {
    let command = LinkCommand::Expire(LinkId(taken.subject));
    end(app, Kind::LinkExpiry, taken, command.into()).await
}

async fn end(app: &App, kind: Kind, taken: Taken, command: Command) -> Result<(), TickError> {
    super::submit::<Expirer>(app, taken.merchant, command).await?;
    due::store::done(&app.worker_pool, kind, &[(taken.merchant, taken.subject)]).await?;
    Ok(())
}

/// The place before all that ends then.
fn start(at: OffsetDateTime) -> Place {
    (at, Uuid::nil())
}

fn is_full(rows: usize) -> bool {
    i64::try_from(rows).is_ok_and(|rows| rows == PAGE)
}

/// Makes the open intents of a page due, and gives its last place and whether it was full.
async fn find_intents(
    app: &App,
    after: Place,
    until: OffsetDateTime,
) -> Result<(Place, bool), sqlx::Error> {
    let page = intents::store::ended(&app.worker_pool, after, until, PAGE).await?;
    let last = page
        .last()
        .map_or(after, |ended| (ended.at, ended.intent.0));
    let is_full = is_full(page.len());
    let open = page.into_iter().filter(|ended| ended.is_open);
    let rows = open.map(|ended| (ended.merchant, ended.intent.0, ended.at));
    make_due(app, Kind::IntentExpiry, rows.collect()).await?;
    Ok((last, is_full))
}

async fn make_due(app: &App, kind: Kind, rows: Vec<Row>) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    due::store::set(&app.worker_pool, kind, &rows).await
}
