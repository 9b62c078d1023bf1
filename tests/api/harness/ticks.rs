//! The workers of a service under test, ticked by hand.

use super::TestApp;
use std::sync::Arc;
use threadpay::workers::{
    Expirer, Forgetter, Listener, Player, Prober, Progress, Reconciler, Replayer, Resolver,
    Settler, Worker,
};

impl TestApp {
    /// Ends intents and links whose time is over.
    pub async fn expire(&self) {
        tick(&mut Expirer::new(Arc::clone(&self.app))).await;
    }

    /// Asks the rail about everything that is due.
    pub async fn resolve(&self) {
        tick(&mut Resolver::new(Arc::clone(&self.app))).await;
    }

    /// A resolver to tick by hand.
    pub fn resolver(&self) -> Resolver {
        Resolver::new(Arc::clone(&self.app))
    }

    /// Goes on with statements whose lines were not all looked at.
    pub async fn reconcile(&self) {
        tick(&mut Reconciler::new(Arc::clone(&self.app))).await;
    }

    /// Finds out what providers told.
    pub async fn listen(&self) {
        tick(&mut Listener::new(Arc::clone(&self.app))).await;
    }

    /// Tells what became of what the sandbox plays.
    pub async fn play(&self) {
        tick(&mut Player::new(Arc::clone(&self.app))).await;
    }

    /// Tries failing accounts that are due.
    pub async fn probe(&self) {
        tick(&mut Prober::new(Arc::clone(&self.app))).await;
    }

    /// Works off replays.
    pub async fn replay(&self) {
        tick(&mut Replayer::new(Arc::clone(&self.app))).await;
    }

    /// Holds what disabled endpoints are owed, and lets go what enabled ones are.
    pub async fn settle(&self) {
        tick(&mut Settler::new(Arc::clone(&self.app))).await;
    }

    /// Forgets what is old enough.
    pub async fn forget(&self) {
        tick(&mut Forgetter(Arc::clone(&self.app))).await;
    }

    /// Asks the rail, where the database may be away.
    pub async fn resolve_if_possible(&self) {
        let _ = Resolver::new(Arc::clone(&self.app)).tick().await;
    }
}

/// Ticks until there is nothing more to do.
pub(super) async fn tick(worker: &mut impl Worker) {
    loop {
        match worker.tick().await {
            Ok(Progress::More) => {}
            Ok(Progress::Idle) => return,
            Err(error) => panic!("a worker failed: {error}"),
        }
    }
}
