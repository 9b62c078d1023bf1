//! Fills the tables with payments of the past, so that what is measured is a service of some age.
//!
//! The rows are what payments leave, in number and size, with ids in the order of time. Their
//! hashes are not a chain and balances do not know them: `threadpay verify` would not hold.

mod store;

pub(super) use store::make_log_files;

use super::failure::failed;
use crate::base::{
    ambient::Ambient,
    db::{Db, Use},
    ids::MerchantId,
};
use crate::program::{ProgramError, print};
use std::time::Instant;
use time::OffsetDateTime;

/// Payments that are made by one statement.
const CHUNK: i64 = 50_000;

/// What is made.
#[derive(Clone, Debug)]
struct Past {
    /// Whose payments, in turns, and where their books stood before.
    heads: store::Heads,
    /// When the last one was.
    end: OffsetDateTime,
    /// How many.
    count: i64,
}

/// Adds so many payments of `merchants`, in turns.
pub(super) async fn run(db: &Db, merchants: &[MerchantId], count: u32) -> Result<(), ProgramError> {
    let start = Instant::now();
    let past = Past {
        heads: store::heads(db, merchants).await?,
        end: Ambient::system().now(),
        count: count.into(),
    };
    // Each on a connection of its own.
    let (payments, records) = tokio::join!(payments(db, &past), records(db, &past));
    payments.and(records)?;
    let mut connection = db.connect(Use::General).await?;
    let settled = store::settle(&mut connection, &past).await;
    settled.map_err(failed)?;
    print::remark(&format!(
        "filled the tables with {count} payments in {} s",
        start.elapsed().as_secs()
    ));
    Ok(())
}

async fn payments(db: &Db, past: &Past) -> Result<(), ProgramError> {
    let mut db = db.connect(Use::General).await?;
    for chunk in chunks(past.count) {
        let made = store::payments(&mut db, past, chunk).await;
        made.map_err(failed)?;
    }
    store::tokens(&mut db, past).await.map_err(failed)
}

async fn records(db: &Db, past: &Past) -> Result<(), ProgramError> {
    let mut db = db.connect(Use::General).await?;
    for chunk in chunks(past.count) {
        let made = store::records(&mut db, past, chunk).await;
        made.map_err(failed)?;
    }
    Ok(())
}

/// First and last number of each statement.
fn chunks(count: i64) -> impl Iterator<Item = (i64, i64)> {
    let firsts = std::iter::successors(Some(0), |first| Some(first + CHUNK));
    let firsts = firsts.take_while(move |first| *first < count);
    firsts.map(move |first| (first, count.min(first + CHUNK) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_leave_nothing_out() {
        let chunks: Vec<_> = chunks(CHUNK * 2 + 1).collect();
        let expected = [
            (0, CHUNK - 1),
            (CHUNK, CHUNK * 2 - 1),
            (CHUNK * 2, CHUNK * 2),
        ];
        assert_eq!(chunks, expected);
        assert_eq!(super::chunks(0).count(), 0);
    }
}
