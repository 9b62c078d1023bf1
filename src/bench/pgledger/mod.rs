//! A well-known ledger in pure SQL, <https://github.com/pgr0ss/pgledger>, where its files are
//! given: one call of its function is one transfer between two accounts.

mod store;

use super::{
    failure::failed,
    measured::Done,
    sample::{Figures, Sample},
};
use crate::base::db::{Db, Use};
use crate::program::ProgramError;
use futures_util::future::try_join_all;
use sqlx::PgConnection;
use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

/// Most connections: as many as plain has. With more it is slower, as they wait for one another.
const CONNECTIONS: u16 = 16;

/// Pairs of accounts, from the first of which money goes to the second.
pub(super) type Pairs = Vec<(String, String)>;

/// Loads it from its files, in their order, and opens accounts.
pub(super) async fn load(db: &Db, files: &[PathBuf], pairs: u16) -> Result<Pairs, ProgramError> {
    let mut text = String::new();
    for file in files {
        text.push_str(&fs::read_to_string(file).map_err(ProgramError::file("read", file))?);
        text.push('\n');
    }
    let mut db = db.connect(Use::General).await?;
    store::load(&mut db, &text).await.map_err(failed)?;
    let mut opened = Vec::new();
    for _ in 0..pairs {
        let from = store::open(&mut db).await.map_err(failed)?;
        let to = store::open(&mut db).await.map_err(failed)?;
        opened.push((from, to));
    }
    Ok(opened)
}

/// So many connections, or as many as do it good.
pub(super) async fn connect(db: &Db, connections: u16) -> Result<Vec<PgConnection>, ProgramError> {
    let mut open = Vec::new();
    for _ in 0..connections.min(CONNECTIONS) {
        let mut connection = db.connect(Use::General).await?;
        store::enter(&mut connection).await.map_err(failed)?;
        open.push(connection);
    }
    Ok(open)
}

/// Transfers on all connections at a time, between the pairs in turns.
pub(super) async fn run(
    connections: &mut [PgConnection],
    pairs: &[(String, String)],
    (warm_up, time): (Duration, Duration),
) -> Result<Done, ProgramError> {
    let (start, end) = (Instant::now(), warm_up + time);
    let connections = connections.iter_mut().enumerate();
    let clients = connections.map(|(number, connection)| {
        let pairs = pairs.iter().cycle().skip(number);
        client(connection, pairs, (start, end))
    });
    let samples = try_join_all(clients).await.map_err(failed)?;
    Ok(Done {
        figures: Figures::of(&samples, &(warm_up..end)),
        count: samples.iter().map(|sample| sample.requests.len()).sum(),
        ..Done::default()
    })
}

async fn client(
    db: &mut PgConnection,
    pairs: impl Iterator<Item = &(String, String)>,
    (start, end): (Instant, Duration),
) -> Result<Sample, sqlx::Error> {
    let mut sample = Sample::default();
    for (from, to) in pairs {
        let begun = start.elapsed();
        if begun >= end {
            break;
        }
        store::transfer(&mut *db, (from, to)).await?;
        let ended = start.elapsed();
        sample.requests.push((ended, ended.saturating_sub(begun)));
    }
    Ok(sample)
}
