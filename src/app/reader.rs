//! Reads of single payment intents, gathered as the writer gathers commands: while one look-up
//! runs the next fills, so that a lonely read waits for nothing and many share a round trip.

use crate::{
    db::{Db, DbError, Use},
    ids::{IntentId, MerchantId},
    intents::{Intent, store},
};
use sqlx::{PgConnection, PgPool};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::timeout,
};

/// Most intents that one look-up reads.
const AT_ONCE: usize = 256;
/// Most reads that wait; more ask for themselves.
const QUEUE_MAX: usize = 4096;
/// How long a look-up may take before its connection is given up.
const PATIENCE: Duration = Duration::from_secs(2);

type Name = (MerchantId, IntentId);
type Question = (Name, oneshot::Sender<Option<Intent>>);
type Questions = Arc<Mutex<mpsc::Receiver<Question>>>;

/// Reads payment intents. It ends with the last handle.
#[derive(Clone, Debug)]
pub struct Reader {
    questions: mpsc::Sender<Question>,
    /// Where whoever gets no answer looks for himself.
    pool: PgPool,
}

impl Reader {
    /// Connects and starts so many that look up.
    pub async fn start(db: &Db, pool: PgPool, count: usize) -> Result<Self, DbError> {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let receiver: Questions = Arc::new(Mutex::new(receiver));
        for _ in 0..count.max(1) {
            let connection = db.connect(Use::Writer).await?;
            tokio::spawn(serve(db.clone(), connection, Arc::clone(&receiver)));
        }
        Ok(Self {
            questions: sender,
            pool,
        })
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
async fn serve(db: Db, connection: PgConnection, questions: Questions) {
    let mut connection = Some(connection);
    let mut gathered = Vec::with_capacity(AT_ONCE);
    loop {
        // Whoever is about to ask does so first: fuller look-ups for one line.
        tokio::task::yield_now().await;
        let count = questions
            .lock()
            .await
            .recv_many(&mut gathered, AT_ONCE)
            .await;
        if count == 0 {
            return;
        }
        let mut db_connection = match connection.take() {
            Some(connection) => connection,
            None => match db.connect(Use::Writer).await {
                Ok(connection) => connection,
                Err(error) => {
                    tracing::warn!(%error, "a reader cannot reach the database");
                    gathered.clear();
                    continue;
                }
            },
        };
        match timeout(PATIENCE, look_up(&mut db_connection, &mut gathered)).await {
            Ok(Ok(())) => connection = Some(db_connection),
            Ok(Err(error)) => tracing::warn!(%error, "a look-up failed"),
            Err(_) => tracing::warn!("a look-up took too long; the reader connects again"),
        }
        gathered.clear();
    }
}

async fn look_up(
    connection: &mut PgConnection,
    questions: &mut Vec<Question>,
) -> Result<(), sqlx::Error> {
    let mut names: Vec<Name> = questions.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    let intents = store::load(connection, &names).await?.into_iter();
    let found: HashMap<Name, Intent> = intents.map(|i| ((i.merchant, i.id), i)).collect();
    for (name, reply) in questions.drain(..) {
        // Whoever asked may have gone.
        let _ = reply.send(found.get(&name).cloned());
    }
    Ok(())
}
