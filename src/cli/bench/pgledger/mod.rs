//! A well-known ledger in pure SQL, <https://github.com/pgr0ss/pgledger>, where its files are
//! given: one call of its function is one transfer between two accounts.

mod store;

use super::{
    CliError,
    measured::Done,
    sample::{Figures, Sample},
    site::failed,
};
use crate::db::{Db, Use};
use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Most connections: as many as plain has. With more it is slower, as they wait for one another.
const CONNECTIONS: u16 = 16;

/// Pairs of accounts, from the first of which money goes to the second.
pub(super) type Pairs = Vec<(String, String)>;

/// Loads it from its files, in their order, and opens accounts.
pub(super) async fn load(db: &Db, files: &[PathBuf], pairs: u16) -> Result<Pairs, CliError> {
    let mut text = String::new();
    for file in files {
        text.push_str(&fs::read_to_string(file).map_err(CliError::file("read", file))?);
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

/// Transfers on so many connections at a time, between the pairs in turns.
pub(super) async fn run(
    (db, pairs): (&Db, &[(String, String)]),
    connections: u16,
    (warm_up, time): (Duration, Duration),
) -> Result<Done, CliError> {
    let mut tasks = JoinSet::new();
    let mut open = Vec::new();
    for _ in 0..connections.min(CONNECTIONS) {
        let mut connection = db.connect(Use::General).await?;
        store::enter(&mut connection).await.map_err(failed)?;
        open.push(connection);
    }
    let start = Instant::now();
    for (number, mut connection) in open.into_iter().enumerate() {
        let pairs = pairs.to_vec();
        tasks.spawn(async move {
            let mut sample = Sample::default();
            for (from, to) in pairs.iter().cycle().skip(number) {
                let begun = start.elapsed();
                if begun >= warm_up + time {
                    break;
                }
                store::transfer(&mut connection, (from, to)).await?;
                let ended = start.elapsed();
                sample.requests.push((ended, ended.saturating_sub(begun)));
            }
            Ok::<Sample, sqlx::Error>(sample)
        });
    }
    let mut samples = Vec::new();
    while let Some(sample) = tasks.join_next().await {
        samples.push(sample.map_err(failed)?.map_err(failed)?);
    }
    Ok(Done {
        figures: Figures::of(&samples, &(warm_up..warm_up + time)),
        count: samples.iter().map(|sample| sample.requests.len()).sum(),
        ..Done::default()
    })
}
