//! The plain variant: what the writer does in batches, done the usual way. Each request is one
//! transaction of its own with single-row statements, on sixteen connections, and takes the lock
//! of the merchant's books as late as it can. The rules, the texts and the rows are the same:
//! only the storing differs, so what the benchmark compares is the writer.
//!
//! It is here to be measured and nowhere else: it knows two commands, keeps no refusals under
//! their keys, and calls the rail inside its transaction, which a rail that takes its time would
//! not forgive.

use super::transaction::{self, Stop};
use crate::{
    ambient::Ambient,
    db::{Db, DbError, Use},
    idempotency::{self, Answer, Standing},
    links::PageUrls,
    writer::{Job, Rejection, Reply, Submission, WriteError, Writer},
};
use sqlx::{Connection, PgConnection};
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc};

/// Connections, and so requests at a time.
const CONNECTIONS: usize = 16;

/// What the plain variant needs beside its connections.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    /// Time, ids and chance.
    pub ambient: Ambient,
    /// Addresses of pages.
    pub urls: PageUrls,
}

type Jobs = Arc<Mutex<mpsc::Receiver<Job>>>;

impl Plain {
    /// Connects, and gives a writer that hands every command to the next free connection.
    pub async fn start(self, db: &Db) -> Result<Writer, DbError> {
        let (writer, jobs) = Writer::queue();
        let jobs: Jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..CONNECTIONS {
            // The writer's settings suit single rows by key too: a plan made while the tables
            // are empty would scan them for ever.
            let connection = db.connect(Use::Writer).await?;
            tokio::spawn(self.clone().serve(connection, Arc::clone(&jobs)));
        }
        Ok(writer)
    }

    async fn serve(self, mut db: PgConnection, jobs: Jobs) {
        loop {
            let job = jobs.lock().await.recv().await;
            let Some(job) = job else {
                return;
            };
            let Some((submission, reply)) = job.begin() else {
                continue;
            };
            let result = self.perform(&mut db, &submission).await;
            // Whoever asked may have gone; the change stands all the same.
            let _ = reply.send(result);
        }
    }

    async fn perform(
        &self,
        db: &mut PgConnection,
        submission: &Submission,
    ) -> Result<Reply, WriteError> {
        loop {
            let settled = match self.transact(db, submission).await {
                Ok(answer) => Ok(Some(Reply::Answer(answer))),
                Err(stop) => settle(db, submission, stop).await,
            };
            match settled {
                Ok(Some(reply)) => return Ok(reply),
                Ok(None) | Err(Stop::Again) => {}
                Err(Stop::Rejected(rejection)) => return Err(WriteError::Rejected(rejection)),
                Err(Stop::Sql(error)) => {
                    tracing::error!(%error, "the plain variant was refused by the database");
                    return Err(WriteError::Broken);
                }
            }
        }
    }

    async fn transact(
        &self,
        db: &mut PgConnection,
        submission: &Submission,
    ) -> Result<Answer, Stop> {
        let mut transaction = db.begin().await?;
        let answer = transaction::run(&mut transaction, submission, self).await?;
        transaction.commit().await?;
        Ok(answer)
    }
}

/// After a transaction that came to nothing: an earlier request with this key has the answer, or
/// nobody has and the work is tried again.
async fn settle(
    db: &mut PgConnection,
    submission: &Submission,
    stop: Stop,
) -> Result<Option<Reply>, Stop> {
    if let (Stop::Again | Stop::Rejected(_), Some(claim)) = (&stop, &submission.claim) {
        let name = (submission.merchant, claim.key.as_str().to_owned());
        let known = idempotency::store::load(db, &[name]).await?.pop();
        match claim.standing(known.as_ref().map(|(_, record)| record)) {
            Standing::Fresh => {}
            Standing::Replay(answer) => return Ok(Some(Reply::Replay(answer))),
            Standing::InProgress => return Err(Rejection::KeyInUse.into()),
            Standing::Mismatch => return Err(Rejection::KeyReused.into()),
        }
    }
    match stop {
        Stop::Again => Ok(None),
        Stop::Rejected(_) | Stop::Sql(_) => Err(stop),
    }
}
