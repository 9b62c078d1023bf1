//! Wake-ups: a commit wakes at once whoever waits for what it left, in this process and, by a
//! NOTIFY of its own, in the others.
//!
//! Nothing relies on it but speed. Whoever waits also looks by itself now and then, so that news
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
/// Most merchants that one NOTIFY names; Postgres takes 8,000 bytes. More are told as all.
const NAMED_MAX: usize = 100;
/// How long a NOTIFY may take before its connection is given up.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait before connecting again.
const PAUSE: Duration = Duration::from_secs(1);

/// Whom new events are told to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    /// These merchants.
    Some(BTreeSet<MerchantId>),
    /// Any merchant, for all we know.
    Anyone,
}

/// What commits left.
#[derive(Clone, Debug, PartialEq, Eq)]
struct News {
    told: Told,
    /// Whether there are deliveries to be made, or replays to be worked off.
    owed: bool,
}

impl News {
    const NONE: Self = Self {
        told: Told::Some(BTreeSet::new()),
        owed: false,
    };
    /// What to think where nothing is known.
    const ANY: Self = Self {
        told: Told::Anyone,
        owed: true,
    };

    fn add(&mut self, told: &[MerchantId], owed: bool) {
        self.owed |= owed;
        if let Told::Some(merchants) = &mut self.told {
            merchants.extend(told);
            if merchants.len() > NAMED_MAX {
                self.told = Told::Anyone;
            }
        }
    }

    /// `owed mer_…,mer_…`, or `- *` for new events of anyone and no deliveries.
    fn print(&self) -> String {
        let owed = if self.owed { "owed" } else { "-" };
        let told = match &self.told {
            Told::Anyone => "*".to_owned(),
            Told::Some(merchants) => {
                let printed: Vec<String> = merchants.iter().map(MerchantId::to_string).collect();
                printed.join(",")
            }
        };
        format!("{owed} {told}")
    }

    /// Reads what [`Self::print`] made. What another version of the program says otherwise may
    /// mean anything.
    fn parse(text: &str) -> Self {
        let Some((owed, told)) = text.split_once(' ') else {
            return Self::ANY;
        };
        let merchants = told.split(',').filter(|id| !id.is_empty());
        let merchants: Result<_, _> = merchants.map(str::parse).collect();
        Self {
            told: merchants.map_or(Told::Anyone, Told::Some),
            owed: owed != "-",
        }
    }
}

/// Who waits in this process, and what the others have yet to be told.
pub struct Wake {
    /// Woken when there may be deliveries to be made.
    pub deliveries: Arc<Notify>,
    /// Woken when there may be replays to be worked off.
    pub replays: Arc<Notify>,
    /// Names this process among those on the database.
    instance: String,
    /// Who waits for events, by merchant. An entry that nobody waits at goes with the next event.
    feeds: Mutex<HashMap<MerchantId, watch::Sender<()>>>,
    untold: Mutex<News>,
    has_untold: Notify,
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
            untold: Mutex::new(News::NONE),
            has_untold: Notify::new(),
        }
    }

    /// After a commit: `told` have new events, deliveries may be `owed`, and replays `ordered`.
    /// Never blocks.
    pub fn committed(&self, told: &[MerchantId], owed: bool, ordered: bool) {
        if told.is_empty() && !owed && !ordered {
            return;
        }
        if owed {
            self.deliveries.notify_one();
        }
        if ordered {
            self.replays.notify_one();
        }
        let mut feeds = lock(&self.feeds);
        for merchant in told {
            if feeds
                .get(merchant)
                .is_some_and(|feed| feed.send(()).is_err())
            {
                feeds.remove(merchant);
            }
        }
        drop(feeds);
        lock(&self.untold).add(told, owed || ordered);
        self.has_untold.notify_one();
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
            self.has_untold.notified().await;
            let news = std::mem::replace(&mut *lock(&self.untold), News::NONE);
            let text = format!("{} {}", self.instance, news.print());
            // A connection that died while it was idle is known by its first use only.
            if tell(db, &mut connection, &text).await.is_err()
                && let Err(error) = tell(db, &mut connection, &text).await
            {
                tracing::warn!(%error, "other processes cannot be told of a commit; they find it by themselves");
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
        // What was told before is lost.
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
        if news.owed {
            self.deliveries.notify_one();
            self.replays.notify_one();
        }
        lock(&self.feeds).retain(|merchant, feed| {
            let concerns = match &news.told {
                Told::Some(merchants) => merchants.contains(merchant),
                Told::Anyone => true,
            };
            !concerns || feed.send(()).is_ok()
        });
    }
}

/// Tells over the connection that stands, or over a new one.
async fn tell(db: &Db, connection: &mut Option<PgConnection>, text: &str) -> Result<(), DbError> {
    let told = async {
        let mut open = match connection.take() {
            Some(open) => open,
            None => db.connect(Use::General).await?,
        };
        db::tell(&mut open, text).await?;
        *connection = Some(open);
        Ok(())
    };
    let in_time = timeout(PATIENCE, told).await;
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
        for (count, owed) in [(0, true), (1, false), (100, true)] {
            let mut news = News::NONE;
            news.add(&merchants(count), owed);
            let printed = news.print();
            assert!(printed.len() < 7_500, "{}", printed.len());
            assert_eq!(News::parse(&printed), news, "{printed}");
        }
        let mut news = News::NONE;
        news.add(&merchants(60), false);
        news.add(&merchants(101), false);
        assert_eq!(news.print(), "- *");
        assert_eq!(News::parse("- *").told, Told::Anyone);
        assert_eq!(News::parse("what?"), News::ANY);
    }

    #[test]
    fn an_event_wakes_its_merchant_s_waiters_and_no_other() {
        let wake = Wake::new(&Ambient::system());
        let all = merchants(2);
        let (mut mine, also_mine, other) =
            (wake.feed(all[0]), wake.feed(all[0]), wake.feed(all[1]));
        let told = |feed: &watch::Receiver<()>| feed.has_changed().unwrap();
        wake.committed(&all[..1], false, false);
        assert!(told(&mine) && told(&also_mine) && !told(&other));
        mine.mark_unchanged();
        wake.learn(&News::parse(&format!("- {}", all[0])));
        assert!(told(&mine) && !told(&other));
        mine.mark_unchanged();
        wake.learn(&News::ANY);
        assert!(told(&mine) && told(&other));
        drop(other);
        wake.committed(&all, false, false);
        assert_eq!(lock(&wake.feeds).len(), 1, "nobody waits there any more");
    }
}
