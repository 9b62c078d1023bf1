//! What the disk allows: the rate that the figures of its minute are to be seen beside.

mod store;

use super::{failure::failed, sample};
use crate::base::{
    ambient::Ambient,
    db::{Db, Use},
};
use crate::program::ProgramError;
use std::time::{Duration, Instant};

/// How long commits of one row are counted.
const TIME: Duration = Duration::from_millis(500);

/// How many commits of one row this machine makes durable in a second, one after the other.
pub(super) async fn per_second(db: &Db) -> Result<u64, ProgramError> {
    let mut connection = db.connect(Use::Writer).await?;
    let ambient = Ambient::system();
    let (merchant, start, mut count) = (ambient.id(), Instant::now(), 0);
    while start.elapsed() < TIME {
        let row = (count, ambient.now());
        let commit = store::commit_one_row(&mut connection, merchant, row);
        commit.await.map_err(failed)?;
        count += 1;
    }
    let count = usize::try_from(count).map_err(failed)?;
    Ok(sample::per_second(count, start.elapsed()))
}
