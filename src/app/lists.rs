//! Reads that may take long: lists, reports, exports, and the feed where it is narrowed. They have
//! connections of their own, and each merchant a share of them, so that they keep nobody else from
//! reading: callers are still known, pages shown and single objects given.

use super::shares::Shares;
use crate::base::db::Pool;
use crate::base::{
    db::{Db, DbError, Use},
    ids::MerchantId,
};
use std::{ops::Deref, time::Duration};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

/// Connections for lists.
const CONNECTIONS: u32 = 16;
/// How many of them one merchant may use at a time.
const SHARE: usize = 4;
/// How long one may wait for the merchant's share to have room.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// The connections for lists, and who uses them.
#[derive(Debug)]
pub struct Lists {
    pool: Pool,
    shares: Shares,
}

/// The right to read a list now. It ends when it is dropped.
#[derive(Debug)]
pub struct ListTurn {
    pool: Pool,
    _room: OwnedSemaphorePermit,
}

impl Deref for ListTurn {
    type Target = Pool;

    fn deref(&self) -> &Pool {
        &self.pool
    }
}

impl Lists {
    pub(super) async fn connect(db: &Db) -> Result<Self, DbError> {
        Ok(Self::on(db.pool(Use::Lists, CONNECTIONS).await?))
    }

    pub(super) fn on(pool: Pool) -> Self {
        Self {
            pool,
            shares: Shares::of(SHARE),
        }
    }

    /// The merchant's turn to read a list; none if its share stays used up.
    pub async fn turn(&self, merchant: MerchantId) -> Option<ListTurn> {
        let room = timeout(WAIT_MAX, self.shares.turn(merchant)).await;
        Some(ListTurn {
            pool: self.pool.clone(),
            _room: room.ok()??,
        })
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}
