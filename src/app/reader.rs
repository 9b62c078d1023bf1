//! Reads of single payment intents, gathered as the writer gathers commands: while one look-up
//! runs the next fills, so that a lonely read waits for nothing and many share a round trip.

use crate::{
    db::{Db, DbError, Use, is_outage},
    ids::{IntentId, MerchantId},
    intents::{Intent, store},
};
use sqlx::{PgConnection, PgPool};
use std::{collections::HashMap, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

/// Most intents that one look-up reads: nearly all of the gain, and what it holds stays in the cache.
const AT_ONCE: usize = 32;
/// Most reads that wait; more ask for themselves.
const QUEUE_MAX: usize = 4096;
/// How long a look-up may take before its connection is given up.
const PATIENCE: Duration = Duration::from_secs(2);

type Name = (MerchantId, IntentId);
type Question = (Name, oneshot::Sender<Option<Intent>>);

/// Reads payment intents. It ends with the last handle.
#[derive(Clone, Debug)]
pub struct Reader {
    questions: mpsc::Sender<Question>,
    /// Where whoever gets no answer looks for himself.
    pool: PgPool,
}

impl Reader {
    /// A handle, and what has to run for it. Best on the thread that asks: no other one has to be
    /// woken for an answer.
    pub fn new(db: Db, pool: PgPool) -> (Self, impl Future<Output = ()>) {
        let (questions, asked) = mpsc::channel(QUEUE_MAX);
        (Self { questions, pool }, serve(db, asked))
    }

    /// One intent of a merchant, as the commits before this call left it.
    pub async fn intent(
        &self,
        merchant: MerchantId,
        id: IntentId,
    ) -> Result<Option<Intent>, sqlx::Error> {
        let (reply, answer) = oneshot::channel();
        if self.questions.try_send(((merchant, id), reply)).is_ok()
            && let Ok(found) = answer.await
        {
            return Ok(found);
        }
        store::get(&self.pool, merchant, id).await
    }
}

/// Looks up until nobody can ask any more. Whoever asked when a look-up fails is not answered.
async fn serve(db: Db, mut questions: mpsc::Receiver<Question>) {
    let mut connection = None;
    let mut gathered = Vec::with_capacity(AT_ONCE);
    loop {
        // Whoever is about to ask does so first: fuller look-ups for one line.
        tokio::task::yield_now().await;
        if questions.recv_many(&mut gathered, AT_ONCE).await == 0 {
            return;
        }
        match timeout(PATIENCE, look_up(&db, connection.take(), &mut gathered)).await {
            Ok(Ok(used)) => connection = Some(used),
            Ok(Err(error)) => tracing::warn!(%error, "a look-up failed"),
            Err(_) => tracing::warn!("a look-up took too long; the reader connects again"),
        }
        gathered.clear();
    }
}

/// Answers the questions over `connection`, or a new one, and gives it back.
async fn look_up(
    db: &Db,
    connection: Option<PgConnection>,
    questions: &mut Vec<Question>,
) -> Result<PgConnection, DbError> {
    let mut names: Vec<Name> = questions.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    let mut connection = match connection {
        Some(connection) => connection,
        None => db.connect(Use::Writer).await?,
    };
    let intents = match store::load(&mut connection, &names).await {
        // It may have been lost long ago: that is found out by using it.
        Err(error) if is_outage(&error) => {
            connection = db.connect(Use::Writer).await?;
            store::load(&mut connection, &names).await?
        }
        loaded => loaded?,
    };
    let intents = intents.into_iter().map(|i| ((i.merchant, i.id), i));
    let found: HashMap<Name, Intent> = intents.collect();
    for (name, reply) in questions.drain(..) {
        // Whoever asked may have gone.
        let _ = reply.send(found.get(&name).cloned());
    }
    Ok(connection)
}
