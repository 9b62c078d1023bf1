//! Wake-ups: a commit wakes at once those who wait for what it left, in this process and, by a
//! NOTIFY of its own, in the others.
//!
//! Nothing relies on it but speed. Those who wait also look by itself now and then, so that news
//! that are lost cost a moment and nothing else.

use crate::base::{
    ambient::Ambient,
    db::{self, Db, DbError, Use},
    ids::MerchantId,
};
use sqlx::PgConnection;
use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// At least so long between two NOTIFYs: what is committed meanwhile goes into the next.
const GATHER: Duration = Duration::from_millis(5);
/// Most merchants that one NOTIFY names; Postgres takes 8,000 bytes. More are named as all.
const NAMED_MAX: usize = 100;
/// How long a NOTIFY may take before its connection is given up.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait before connecting again.
const PAUSE: Duration = Duration::from_secs(1);

/// Whose new events there are.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Concerned {
    /// These merchants.
    Some(BTreeSet<MerchantId>),
    /// Any merchant, for all we know.
    Anyone,
}

/// What commits left.
#[derive(Clone, Debug, PartialEq, Eq)]
struct News {
    concerned: Concerned,
    /// Whether there are deliveries to be made, or replays to be worked off.
    due: bool,
}

impl News {
    const NONE: Self = Self {
        concerned: Concerned::Some(BTreeSet::new()),
        due: false,
    };
    /// What to think where nothing is known.
    const ANY: Self = Self {
        concerned: Concerned::Anyone,
        due: true,
    };

    fn add(&mut self, merchants: &[MerchantId], due: bool) {
        self.due |= due;
        if let Concerned::Some(named) = &mut self.concerned {
            named.extend(merchants);
            if named.len() > NAMED_MAX {
                self.concerned = Concerned::Anyone;
            }
        }
    }

    /// `due mer_…,mer_…`, or `- *` for new events of anyone and no deliveries.
    fn print(&self) -> String {
        let due = if self.due { "due" } else { "-" };
        let concerned = match &self.concerned {
            Concerned::Anyone => "*".to_owned(),
            Concerned::Some(merchants) => {
                let printed: Vec<String> = merchants.iter().map(MerchantId::to_string).collect();
                printed.join(",")
            }
        };
        format!("{due} {concerned}")
    }

    /// Reads what [`Self::print`] made. What another version of the program says otherwise may
    /// mean anything.
    fn parse(text: &str) -> Self {
        let Some((due, concerned)) = text.split_once(' ') else {
            return Self::ANY;
        };
        let merchants = concerned.split(',').filter(|id| !id.is_empty());
        let merchants: Result<_, _> = merchants.map(str::parse).collect();
        Self {
            concerned: merchants.map_or(Concerned::Anyone, Concerned::Some),
            due: due != "-",
        }
    }
}

/// Who waits in this process, and what the others have yet to hear.
pub struct Wake {
    /// Woken when there may be deliveries to be made.
    pub deliveries: Arc<Notify>,
    /// Woken when there may be replays to be worked off.
    pub replays: Arc<Notify>,
    /// Names this process among those on the database.
    instance: String,
    /// Who waits for events, by merchant. An entry that nobody waits at goes with the next event.
    feeds: Mutex<HashMap<MerchantId, watch::Sender<()>>>,
    unsent: Mutex<News>,
    has_unsent: Notify,
}

impl fmt::Debug for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wake ({})", self.instance)
    }
}

/// A guard that a panic elsewhere does not take away: each change is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Wake {
    /// Nobody waits, and there is nothing to tell.
    pub fn new(ambient: &Ambient) -> Self {
        Self {
            deliveries: Arc::default(),
            replays: Arc::default(),
            instance: ambient.id::<Uuid>().to_string(),
            feeds: Mutex::default(),
            unsent: Mutex::new(News::NONE),
            has_unsent: Notify::new(),
        }
    }

    /// After a commit: `merchants` have new events, deliveries may be `due`, and replays `ordered`.
    /// Never blocks.
    pub fn committed(&self, merchants: &[MerchantId], due: bool, ordered: bool) {
        if merchants.is_empty() && !due && !ordered {
            return;
        }
        if due {
            self.deliveries.notify_one();
        }
        if ordered {
            self.replays.notify_one();
        }
        let mut feeds = lock(&self.feeds);
        for merchant in merchants {
            if feeds
                .get(merchant)
                .is_some_and(|feed| feed.send(()).is_err())
            {
                feeds.remove(merchant);
            }
        }
        drop(feeds);
        lock(&self.unsent).add(merchants, due || ordered);
        self.has_unsent.notify_one();
    }

    /// Changes when a merchant may have events that were not there when this was called.
    pub fn feed(&self, merchant: MerchantId) -> watch::Receiver<()> {
        let mut feeds = lock(&self.feeds);
        let feed = feeds.entry(merchant);
        feed.or_insert_with(|| watch::Sender::new(())).subscribe()
    }

    /// Tells the other processes what is committed here, and hears what is committed there, until
    /// `stop` is canceled.
    pub async fn share(self: Arc<Self>, db: Db, stop: CancellationToken) {
        let both = Box::pin(async { tokio::join!(self.tell_all(&db), self.hear_all(&db)) });
        stop.run_until_cancelled(both).await;
    }

    async fn tell_all(&self, db: &Db) {
        let mut connection = None;
        loop {
            self.has_unsent.notified().await;
            let news = std::mem::replace(&mut *lock(&self.unsent), News::NONE);
            let text = format!("{} {}", self.instance, news.print());
            // A connection that died while it was idle is known by its first use only.
            if tell(db, &mut connection, &text).await.is_err()
                && let Err(error) = tell(db, &mut connection, &text).await
            {
                tracing::warn!(%error, "other processes cannot be notified of a commit; they find it by themselves");
                sleep(PAUSE).await;
            }
            sleep(GATHER).await;
        }
    }

    async fn hear_all(&self, db: &Db) {
        loop {
            if let Err(error) = self.hear(db).await {
                tracing::warn!(%error, "commits of other processes are not heard of; they are found by looking");
            }
            sleep(PAUSE).await;
        }
    }

    /// Hears until the connection breaks.
    async fn hear(&self, db: &Db) -> Result<(), DbError> {
        let mut listener = db.listener().await?;
        listener.eager_reconnect(false);
        // What was sent before is lost.
        self.learn(&News::ANY);
        while let Some(heard) = listener.try_recv().await? {
            match heard.payload().split_once(' ') {
                Some((from, _)) if from == self.instance => {}
                Some((_, news)) => self.learn(&News::parse(news)),
                None => self.learn(&News::ANY),
            }
        }
        Ok(())
    }

    fn learn(&self, news: &News) {
        if news.due {
            self.deliveries.notify_one();
            self.replays.notify_one();
        }
        lock(&self.feeds).retain(|merchant, feed| {
            let concerns = match &news.concerned {
                Concerned::Some(merchants) => merchants.contains(merchant),
                Concerned::Anyone => true,
            };
            !concerns || feed.send(()).is_ok()
        });
    }
}

/// Tells over the connection that is open, or over a new one.
async fn tell(db: &Db, connection: &mut Option<PgConnection>, text: &str) -> Result<(), DbError> {
    let sent = async {
        let mut open = match connection.take() {
            Some(open) => open,
            None => db.connect(Use::General).await?,
        };
        db::tell(&mut open, text).await?;
        *connection = Some(open);
        Ok(())
    };
    let in_time = timeout(PATIENCE, sent).await;
    in_time.unwrap_or(Err(DbError::Sql(sqlx::Error::PoolTimedOut)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merchants(count: u128) -> Vec<MerchantId> {
        (0..count)
            .map(|id| MerchantId(Uuid::from_u128(id)))
            .collect()
    }

    #[test]
    fn news_read_back_and_fit_into_a_notify() {
        for (count, due) in [(0, true), (1, false), (100, true)] {
            let mut news = News::NONE;
            news.add(&merchants(count), due);
            let printed = news.print();
            assert!(printed.len() < 7_500, "{}", printed.len());
            assert_eq!(News::parse(&printed), news, "{printed}");
        }
        let mut news = News::NONE;
        news.add(&merchants(60), false);
        news.add(&merchants(101), false);
        assert_eq!(news.print(), "- *");
        assert_eq!(News::parse("- *").concerned, Concerned::Anyone);
        assert_eq!(News::parse("what?"), News::ANY);
    }

    #[test]
    fn an_event_wakes_its_merchant_s_waiters_and_no_other() {
        let wake = Wake::new(&Ambient::system());
        let all = merchants(2);
        let (mut mine, also_mine, other) =
            (wake.feed(all[0]), wake.feed(all[0]), wake.feed(all[1]));
        let woken = |feed: &watch::Receiver<()>| feed.has_changed().unwrap();
        wake.committed(&all[..1], false, false);
        assert!(woken(&mine) && woken(&also_mine) && !woken(&other));
        mine.mark_unchanged();
        wake.learn(&News::parse(&format!("- {}", all[0])));
        assert!(woken(&mine) && !woken(&other));
        mine.mark_unchanged();
        wake.learn(&News::ANY);
        assert!(woken(&mine) && woken(&other));
        drop(other);
        wake.committed(&all, false, false);
        assert_eq!(lock(&wake.feeds).len(), 1, "nobody waits there any more");
    }
}
