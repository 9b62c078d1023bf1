//! What each merchant may do at a time of what all merchants share.

use crate::base::ids::MerchantId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Merchants that are remembered before those who have no turn now are forgotten.
const REMEMBERED: usize = 1_000;

/// As many turns for each merchant.
#[derive(Debug)]
pub(super) struct Shares {
    each: usize,
    merchants: Mutex<HashMap<MerchantId, Arc<Semaphore>>>,
}

impl Shares {
    pub(super) fn of(each: usize) -> Self {
        Self {
            each,
            merchants: Mutex::default(),
        }
    }

    /// Waits for a turn of this merchant, which ends when it is dropped.
    pub(super) async fn turn(&self, merchant: MerchantId) -> Option<OwnedSemaphorePermit> {
        // None is ever closed.
        self.share(merchant).acquire_owned().await.ok()
    }

    fn share(&self, merchant: MerchantId) -> Arc<Semaphore> {
        // No update is left half done where another thread panics.
        let mut merchants = self
            .merchants
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if merchants.len() >= REMEMBERED {
            // A caller who waits for a turn holds the share, too.
            merchants.retain(|_, share| Arc::strong_count(share) > 1);
        }
        let share = merchants.entry(merchant);
        Arc::clone(share.or_insert_with(|| Arc::new(Semaphore::new(self.each))))
    }
}
