//! The plain variant: what the writer does in batches, done the usual way. Each request is one
//! transaction of its own with single-row statements, on a few connections, and takes the lock of
//! the merchant's books as late as it can. The rules, the texts and the rows are the same: only
//! the storing differs, so what the benchmark compares is the writer.
//!
//! It is here to be measured and nowhere else: it knows three commands and leaves the others to
//! the writer, keeps no refusals under their keys, and calls the rail inside its transaction,
//! which a rail that takes its time would not forgive.

use super::{
    failure::failed,
    transaction::{self, Means, Stop},
};
use crate::program::ProgramError;
use crate::{
    app::{App, Wake},
    base::db::Use,
    domain::idempotency::{self, Answer, Standing},
    writer::{
        Command, Jobs, PostingCommand, Rejection, Reply, ReplyTo, Submission, WriteError, Writer,
    },
};
use sqlx::{Connection, PgConnection};
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc};

/// What the plain variant needs beside its connections.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    means: Means,
    /// Does what this does not know.
    others: Writer,
    wake: Arc<Wake>,
}

type Begun = Arc<Mutex<mpsc::UnboundedReceiver<(Submission, ReplyTo)>>>;

impl Plain {
    /// Puts itself in the place of a service's writer, with so many connections, each of which
    /// takes the next command that waits.
    pub async fn take_over(app: Arc<App>, connections: u16) -> Result<Arc<App>, ProgramError> {
        let mut app = Arc::into_inner(app).ok_or_else(|| failed("the service is in use"))?;
        let (writer, jobs) = Writer::queue();
        let plain = Self {
            means: Means {
                ambient: app.ambient.clone(),
                urls: app.urls.clone(),
            },
            others: std::mem::replace(&mut app.writer, writer),
            wake: Arc::clone(&app.wake),
        };
        let jobs: Begun = Arc::new(Mutex::new(begun(jobs)));
        for _ in 0..connections {
            // The writer's settings suit single rows by key too: a plan made while the tables
            // are empty would scan them for ever.
            let connection = app.config.database.connect(Use::Writer).await?;
            tokio::spawn(plain.clone().serve(connection, Arc::clone(&jobs)));
        }
        Ok(Arc::new(app))
    }

    async fn serve(self, mut db: PgConnection, jobs: Begun) {
        loop {
            let job = jobs.lock().await.recv().await;
            let Some((submission, reply)) = job else {
                return;
            };
            let result = if transaction::knows(&submission.command) {
                self.perform(&mut db, &submission).await
            } else {
                self.others.submit(submission).await
            };
            // The caller may have gone; the change is made all the same.
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
        let answer = transaction::run(&mut transaction, submission, &self.means).await?;
        transaction.commit().await?;
        if !matches!(
            submission.command,
            Command::Posting(PostingCommand::Post(_))
        ) {
            self.wake.committed(&[submission.merchant], true, false);
        }
        Ok(answer)
    }
}

/// A caller who waits for a lane takes a command back after a second. Plain would do worse by that
/// rule than by waiting, so here it has begun as soon as it comes.
fn begun(mut jobs: Jobs) -> mpsc::UnboundedReceiver<(Submission, ReplyTo)> {
    let (sender, begun) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(job) = jobs.recv().await {
            if let Some(job) = job.begin()
                && sender.send(job).is_err()
            {
                return;
            }
        }
    });
    begun
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
