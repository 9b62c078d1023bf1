//! Turns for exports: each holds a connection of the database, and a snapshot, for as long as its
//! caller takes.

use crate::base::ids::MerchantId;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Most exports that run at once in this process: a quarter of the connections for reads.
const EXPORTS_AT_ONCE: usize = 4;

/// Who exports at the moment: each merchant once, and not too many in all.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct ExportTurns(Arc<Mutex<HashSet<MerchantId>>>);

/// Why there is no turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum NoTurn {
    /// An export of this merchant runs.
    OwnRuns,
    /// As many as there may be run.
    AllTaken,
}

/// A merchant's turn to export, until it is dropped.
#[derive(Debug)]
pub(in crate::http) struct ExportTurn(ExportTurns, MerchantId);

impl ExportTurns {
    /// Takes a turn for this merchant.
    pub(in crate::http) fn take(&self, merchant: MerchantId) -> Result<ExportTurn, NoTurn> {
        let mut running = self.running();
        if running.contains(&merchant) {
            return Err(NoTurn::OwnRuns);
        }
        if running.len() >= EXPORTS_AT_ONCE {
            return Err(NoTurn::AllTaken);
        }
        running.insert(merchant);
        drop(running);
        Ok(ExportTurn(self.clone(), merchant))
    }

    /// Ignores poisoning: no update is left half done.
    fn running(&self) -> MutexGuard<'_, HashSet<MerchantId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ExportTurn {
    fn drop(&mut self) {
        self.0.running().remove(&self.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_merchant_has_one_turn_and_all_have_a_few() {
        let turns = ExportTurns::default();
        let take = |merchant| turns.take(MerchantId(Uuid::from_u128(merchant)));
        let mut taken = vec![take(1).unwrap()];
        assert_eq!(take(1).unwrap_err(), NoTurn::OwnRuns);
        taken.extend((2..=4).map(|merchant| take(merchant).unwrap()));
        assert_eq!(take(5).unwrap_err(), NoTurn::AllTaken);
        assert_eq!(take(4).unwrap_err(), NoTurn::OwnRuns);
        taken.remove(0);
        assert!(take(5).is_ok());
    }
}
