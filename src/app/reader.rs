//! Reads of single payment intents, gathered as the writer gathers commands: while one look-up
//! runs the next fills, so that a lonely read waits for nothing and many share a round trip.

use crate::base::db::Pool;
use crate::{
    base::{
        db::{Db, DbError, Use, is_outage},
        ids::{IntentId, MerchantId},
    },
    domain::intents::store::{self, Name, Seen},
};
use sqlx::PgConnection;
use std::{collections::HashMap, rc::Rc, time::Duration};
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

type Question = (Name, oneshot::Sender<Option<Rc<Seen>>>);

/// Reads payment intents. It ends with the last handle.
#[derive(Clone, Debug)]
pub struct Reader {
    questions: mpsc::Sender<Question>,
    /// Where a caller who gets no answer looks for himself.
    pool: Pool,
}

impl Reader {
    /// A handle, and what has to run for it. Best on the thread that asks: no other one has to be
    /// woken for an answer.
    pub fn new(db: Db, pool: Pool) -> (Self, impl Future<Output = ()>) {
        let (questions, asked) = mpsc::channel(QUEUE_MAX);
        (Self { questions, pool }, serve(db, asked))
    }

    /// One intent of a merchant with its clock, as the commits before this call left them.
    pub async fn intent(
        &self,
        merchant: MerchantId,
        id: IntentId,
    ) -> Result<Option<Rc<Seen>>, sqlx::Error> {
        let (reply, answer) = oneshot::channel();
        if self.questions.try_send(((merchant, id), reply)).is_ok()
            && let Ok(found) = answer.await
        {
            return Ok(found);
        }
        let found = store::see(&self.pool, &[(merchant, id)]).await?.pop();
        Ok(found.transpose()?.map(Rc::new))
    }
}

/// Looks up until nobody can ask any more. Those who asked when a look-up fails are not answered.
async fn serve(db: Db, mut questions: mpsc::Receiver<Question>) {
    let mut connection = None;
    let mut gathered = Vec::with_capacity(AT_ONCE);
    loop {
        // Lets waiting tasks ask first, for fuller look-ups.
        tokio::task::yield_now().await;
        if questions.recv_many(&mut gathered, AT_ONCE).await == 0 {
            return;
        }
        match timeout(PATIENCE, answer(&db, connection.take(), &mut gathered)).await {
            Ok(Ok(used)) => connection = Some(used),
            Ok(Err(error)) => tracing::warn!(%error, "a look-up failed"),
            Err(_) => tracing::warn!("a look-up took too long; the reader connects again"),
        }
        gathered.clear();
    }
}

/// Answers the questions over `connection`, or a new one, and gives it back.
async fn answer(
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
    let read = match store::see(&mut connection, &names).await {
        // The connection may have been lost long ago: that is found out by using it.
        Err(error) if is_outage(&error) => {
            connection = db.connect(Use::Writer).await?;
            store::see(&mut connection, &names).await?
        }
        read => read?,
    };
    let mut unreadable = Vec::new();
    let mut found: HashMap<Name, Rc<Seen>> = HashMap::new();
    for read in read {
        match read {
            Ok(seen) => {
                let name = (seen.intent.merchant, seen.intent.id);
                found.insert(name, Rc::new(seen));
            }
            Err(row) => unreadable.push(row.name),
        }
    }
    for (name, reply) in questions.drain(..) {
        // Without a reply it is asked for by itself, which says what is wrong.
        if !unreadable.contains(&name) {
            // The caller may have gone.
            let _ = reply.send(found.get(&name).map(Rc::clone));
        }
    }
    Ok(connection)
}
