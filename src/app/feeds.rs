//! Waiting for a merchant's events. However many wait for one merchant, its new events are read
//! once a wake-up and shared: a waiter costs one look when it comes, and nothing of the database
//! while it waits.

use super::{Lists, Wake, shares::Shares};
use crate::base::db::Pool;
use crate::{
    base::ids::{KeyId, MerchantId},
    domain::callbacks::feed::{self, EventQuery, News, Part},
};
use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    fmt,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, Semaphore, broadcast, watch},
    time::{sleep, timeout},
};

/// Most that one key may have waiting at a time.
pub const WAITERS_OF_KEY: usize = 64;
/// Most that wait in all. One more ends the wait of who has waited for longest.
const WAITERS_MAX: usize = 4096;
/// Reads for waiters that run at once; the feed's other connections are for who looks first.
const READS_AT_ONCE: usize = 4;
/// How many of them are of one merchant's waiters who come, so that no merchant's many delay others.
const SHARE: usize = 2;
/// How often the feed is looked at without a wake-up, should one be lost.
const LOOK: Duration = Duration::from_secs(5);
/// Rest after each read: a busy merchant may have thousands of wake-ups a second.
const REST: Duration = Duration::from_millis(5);
/// Reads that a waiter may lag behind; one that does looks for itself.
const LAG_MAX: usize = 16;

/// Who waits for events in this process.
pub struct Feeds {
    pool: Pool,
    lists: Arc<Lists>,
    wake: Arc<Wake>,
    reads: Semaphore,
    shares: Shares,
    tails: Mutex<HashMap<MerchantId, Tail>>,
    waiters: Mutex<Waiters>,
}

/// The end of a merchant's feed, as its waiters share it.
struct Tail {
    /// Up to where it was read.
    place: i64,
    news: broadcast::Sender<Arc<News>>,
}

#[derive(Default)]
struct Waiters {
    next: u64,
    by_key: HashMap<KeyId, usize>,
    /// In the order in which they came.
    queue: BTreeMap<u64, Arc<Notify>>,
}

impl fmt::Debug for Feeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Feeds ({} wait)", lock(&self.waiters).queue.len())
    }
}

/// Ignores poisoning: no update is left half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place among those who wait.
pub struct Waiter {
    feeds: Arc<Feeds>,
    key: KeyId,
    number: u64,
    is_needed: Arc<Notify>,
}

impl fmt::Debug for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waiter({})", self.key)
    }
}

impl Waiter {
    /// Waits until the place is needed for somebody else.
    pub async fn is_needed(&self) {
        self.is_needed.notified().await;
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut waiters = lock(&self.feeds.waiters);
        waiters.queue.remove(&self.number);
        if let Entry::Occupied(mut count) = waiters.by_key.entry(self.key) {
            *count.get_mut() = count.get().saturating_sub(1);
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

impl Feeds {
    /// Nobody waits yet.
    pub fn new(pool: Pool, lists: Arc<Lists>, wake: Arc<Wake>) -> Arc<Self> {
        Arc::new(Self {
            pool,
            lists,
            wake,
            reads: Semaphore::new(READS_AT_ONCE),
            shares: Shares::of(SHARE),
            tails: Mutex::default(),
            waiters: Mutex::default(),
        })
    }

    /// A place for one who waits by this key; none where it has as many as it may.
    pub fn enter(self: &Arc<Self>, key: KeyId) -> Option<Waiter> {
        let mut waiters = lock(&self.waiters);
        let count = waiters.by_key.entry(key).or_default();
        if *count >= WAITERS_OF_KEY {
            return None;
        }
        *count = count.saturating_add(1);
        if waiters.queue.len() >= WAITERS_MAX
            && let Some((_, longest)) = waiters.queue.pop_first()
        {
            longest.notify_one();
        }
        let (number, is_needed) = (waiters.next, Arc::new(Notify::new()));
        waiters.next = number.saturating_add(1);
        waiters.queue.insert(number, Arc::clone(&is_needed));
        drop(waiters);
        Some(Waiter {
            feeds: Arc::clone(self),
            key,
            number,
            is_needed,
        })
    }

    /// What is asked for as soon as there is any of it; nothing when `end` comes first.
    pub async fn wait(
        self: &Arc<Self>,
        mut query: EventQuery,
        end: impl Future<Output = ()>,
    ) -> Result<Part, sqlx::Error> {
        let mut end = pin!(end);
        loop {
            // Before the look: what is committed after it is not missed.
            let wake = self.wake.feed(query.merchant);
            let part = self.look(&query).await?;
            if !part.events.is_empty() {
                return Ok(part);
            }
            query.after = Some(part.next_after);
            if part.has_more {
                continue;
            }
            let Some(mut news) = self.join(query.merchant, part.next_after, wake) else {
                continue;
            };
            let found = tokio::select! {
                found = hear(&mut news, &mut query) => found,
                () = &mut end => return Ok(Part { next_after: query.after.unwrap_or(0), ..part }),
            };
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }

    async fn look(&self, query: &EventQuery) -> Result<Part, sqlx::Error> {
        if query.is_narrowed() {
            let turn = self.lists.turn(query.merchant).await;
            let turn = turn.ok_or(sqlx::Error::PoolTimedOut)?;
            return feed::events(&turn, query).await;
        }
        let _share = self.shares.turn(query.merchant).await;
        // It is never closed.
        let _turn = self.reads.acquire().await;
        feed::events(&self.pool, query).await
    }

    /// What is read after `place` from now on; nothing where others have read on already.
    fn join(
        self: &Arc<Self>,
        merchant: MerchantId,
        place: i64,
        wake: watch::Receiver<()>,
    ) -> Option<broadcast::Receiver<Arc<News>>> {
        let mut tails = lock(&self.tails);
        match tails.entry(merchant) {
            Entry::Occupied(tail) => {
                let tail = tail.get();
                (tail.place <= place).then(|| tail.news.subscribe())
            }
            Entry::Vacant(vacant) => {
                let (news, receiver) = broadcast::channel(LAG_MAX);
                vacant.insert(Tail { place, news });
                tokio::spawn(Arc::clone(self).follow(merchant, place, wake));
                Some(receiver)
            }
        }
    }

    /// Reads a merchant's events for those who wait, as long as anyone does. Where a read fails,
    /// all of them look for themselves.
    async fn follow(
        self: Arc<Self>,
        merchant: MerchantId,
        mut place: i64,
        mut wake: watch::Receiver<()>,
    ) {
        loop {
            // Neither of the two outcomes matters: it is looked at all the same.
            let _ = timeout(LOOK, wake.changed()).await;
            if self.is_left(merchant) {
                return;
            }
            let read = {
                let _turn = self.reads.acquire().await;
                feed::news(&self.pool, merchant, place).await
            };
            match self.publish(merchant, read) {
                Some(to) => place = to,
                None => return,
            }
            sleep(REST).await;
        }
    }

    /// Shares what was read, and says up to where that was. Where the read failed, the tail is gone.
    fn publish(&self, merchant: MerchantId, read: Result<News, sqlx::Error>) -> Option<i64> {
        let mut tails = lock(&self.tails);
        let (Ok(news), Some(tail)) = (read, tails.get_mut(&merchant)) else {
            tails.remove(&merchant);
            return None;
        };
        let to = news.to;
        tail.place = to;
        if !news.events.is_empty() {
            // It fails where nobody is left.
            let _ = tail.news.send(Arc::new(news));
        }
        Some(to)
    }

    /// Whether nobody waits for this merchant's events any more; then its tail is gone.
    fn is_left(&self, merchant: MerchantId) -> bool {
        let mut tails = lock(&self.tails);
        let is_left = tails
            .get(&merchant)
            .is_none_or(|tail| tail.news.receiver_count() == 0);
        if is_left {
            tails.remove(&merchant);
        }
        is_left
    }
}

/// What is asked for, once it is among the news; nothing where the feed must be looked at instead.
async fn hear(news: &mut broadcast::Receiver<Arc<News>>, query: &mut EventQuery) -> Option<Part> {
    loop {
        let news = news.recv().await.ok()?;
        if news.has_more {
            return None;
        }
        let part = news.part(query);
        if !part.events.is_empty() {
            return Some(part);
        }
        query.after = Some(part.next_after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ambient::Ambient;
    use sqlx::postgres::PgPoolOptions;
    use uuid::Uuid;

    fn feeds() -> Arc<Feeds> {
        let pool = PgPoolOptions::new().connect_lazy("postgres://localhost/none");
        let pool = Pool::from(pool.unwrap());
        let lists = Arc::new(Lists::on(pool.clone()));
        Feeds::new(pool, lists, Arc::new(Wake::new(&Ambient::system())))
    }

    fn key(number: usize) -> KeyId {
        KeyId(Uuid::from_u128(number.try_into().unwrap()))
    }

    #[tokio::test]
    async fn a_key_has_its_bound_and_gets_places_back() {
        let feeds = feeds();
        let mut waiters: Vec<_> = (0..WAITERS_OF_KEY)
            .map(|_| feeds.enter(key(1)).unwrap())
            .collect();
        assert!(feeds.enter(key(1)).is_none());
        assert!(feeds.enter(key(2)).is_some());
        waiters.pop();
        waiters.push(feeds.enter(key(1)).unwrap());
        assert!(feeds.enter(key(1)).is_none());
        drop(waiters);
        assert_eq!(lock(&feeds.waiters).by_key.len(), 0);
        assert_eq!(lock(&feeds.waiters).queue.len(), 0);
    }

    #[tokio::test]
    async fn who_has_waited_for_longest_makes_room() {
        let feeds = feeds();
        let waiters: Vec<_> = (0..WAITERS_MAX)
            .map(|n| feeds.enter(key(n)).unwrap())
            .collect();
        let _newcomer = feeds.enter(key(WAITERS_MAX)).unwrap();
        waiters[0].is_needed().await;
        let second = timeout(Duration::from_millis(1), waiters[1].is_needed());
        assert!(second.await.is_err());
        assert_eq!(lock(&feeds.waiters).queue.len(), WAITERS_MAX);
    }
}
