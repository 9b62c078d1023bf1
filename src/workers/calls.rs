//! What is due of one kind, where others are asked over the network: a provider who keeps silent makes
//! its own merchants wait, and nobody else.

use super::{
    Progress,
    queue::{Bounds, Queue, put_off},
};
use crate::{
    app::App,
    base::ids::MerchantId,
    domain::due::{Kind, Taken},
};
use futures_util::{StreamExt, stream};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Display,
    sync::Arc,
    time::Duration,
};
use tokio::{
    task::{Id, JoinSet},
    time::timeout,
};

/// How much is taken at a time, and how many things of one merchant are under way at once.
const BOUNDS: Bounds = Bounds {
    merchants: 64,
    share: 4,
    at_once: 4,
};
/// So many merchants of whom something is under way are enough: no more is taken.
const MERCHANTS: usize = 64;
/// How long a tick waits for what it has begun. What takes longer goes on beside the next.
const TURN: Duration = Duration::from_millis(500);
/// How long a stop waits: longer than a worker waits for a rail.
const STOP: Duration = Duration::from_secs(8);

/// The things of one kind that are due, and those that are under way.
#[derive(Debug)]
pub(super) struct Calls {
    queue: Queue,
    under_way: JoinSet<()>,
    whose: HashMap<Id, MerchantId>,
}

impl Calls {
    pub fn new(app: Arc<App>, kind: Kind) -> Self {
        Self {
            queue: Queue::new(app, kind, BOUNDS),
            under_way: JoinSet::new(),
            whose: HashMap::new(),
        }
    }

    /// Begins what is due of merchants of whom nothing is under way, and waits a moment for it. What
    /// `act` cannot do is put off.
    pub async fn tick<F, E>(
        &mut self,
        act: impl Fn(Arc<App>, Taken) -> F + Clone + Send + 'static,
    ) -> Result<Progress, sqlx::Error>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        let mut has_more = true;
        if self.whose.len() < MERCHANTS {
            let busy: HashSet<MerchantId> = self.whose.values().copied().collect();
            let (taken, is_more) = self.queue.take(&busy).await?;
            has_more = is_more;
            let mut by_merchant: BTreeMap<MerchantId, Vec<Taken>> = BTreeMap::new();
            for one in taken {
                by_merchant.entry(one.merchant).or_default().push(one);
            }
            for (merchant, taken) in by_merchant {
                let begun = self.under_way.spawn(self.work(taken, act.clone()));
                self.whose.insert(begun.id(), merchant);
            }
        }
        // Whether all end in time or not is the same to a tick.
        let _ = timeout(TURN, self.end_all()).await;
        Ok(if has_more || !self.whose.is_empty() {
            Progress::More
        } else {
            Progress::Idle
        })
    }

    /// Waits for what is under way; what does not end is due again after its pause.
    pub async fn stop(&mut self) {
        let _ = timeout(STOP, self.end_all()).await;
    }

    /// Does what was taken of one merchant.
    fn work<F, E>(
        &self,
        taken: Vec<Taken>,
        act: impl Fn(Arc<App>, Taken) -> F + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        let (app, kind) = (Arc::clone(&self.queue.app), self.queue.kind());
        async move {
            let calls = taken.into_iter().map(|taken| {
                let (app, done) = (Arc::clone(&app), act(Arc::clone(&app), taken));
                async move {
                    if let Err(error) = done.await {
                        put_off(&app, kind, taken, &error);
                    }
                }
            });
            let calls = stream::iter(calls.collect::<Vec<_>>());
            calls.for_each_concurrent(BOUNDS.at_once, |call| call).await;
        }
    }

    async fn end_all(&mut self) {
        while let Some(ended) = self.under_way.join_next_with_id().await {
            let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
            self.whose.remove(&id);
        }
    }
}
