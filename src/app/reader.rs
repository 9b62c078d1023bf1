//! Reads of single payment intents, gathered as the writer gathers commands: while one look-up
//! runs the next fills, so that a lonely read waits for nothing and many share a round trip.
//!
//! Whoever waits for a payment asks for the same intent again and again. So a reader remembers what
//! it read and how it was printed, and Postgres is asked each time whether the row is still the same:
//! only one that is not comes over once more. Intents are never deleted, so what does not come has not
//! changed.

use crate::{
    base::{
        db::{Db, DbError, Use, is_outage},
        ids::{IntentId, MerchantId},
    },
    domain::intents::{
        Intent, Status,
        store::{self, Name},
    },
};
use bytes::Bytes;
use sqlx::{PgConnection, PgPool};
use std::{cell::RefCell, collections::HashMap, rc::Rc, time::Duration};
use time::OffsetDateTime;
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
/// Bytes, about, that a reader remembers before it begins anew: some thousands of intents.
const REMEMBERED_MAX: usize = 8 * 1024 * 1024;
/// What an intent takes beside its texts, and what one of its notes or lines does, both with how
/// they are printed.
const INTENT_BYTES: usize = 3 * 1024;
const TEXT_BYTES: usize = 192;

type Question = (Name, oneshot::Sender<Option<Rc<ReadIntent>>>);

/// An intent that was read.
#[derive(Debug)]
pub struct ReadIntent {
    intent: Intent,
    printed: RefCell<Option<(Status, Bytes)>>,
}

impl ReadIntent {
    fn new(intent: Intent) -> Self {
        Self {
            intent,
            printed: RefCell::default(),
        }
    }

    /// The intent as `print` prints it at `now`: anew only where it has another status than when it
    /// was printed last, since of the time nothing but that is told.
    pub fn printed<E>(
        &self,
        now: OffsetDateTime,
        print: impl FnOnce(&Intent) -> Result<Bytes, E>,
    ) -> Result<Bytes, E> {
        let status = self.intent.status_at(now);
        if let Some((of, bytes)) = &*self.printed.borrow()
            && *of == status
        {
            return Ok(bytes.clone());
        }
        let bytes = print(&self.intent)?;
        *self.printed.borrow_mut() = Some((status, bytes.clone()));
        Ok(bytes)
    }
}

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
    ) -> Result<Option<Rc<ReadIntent>>, sqlx::Error> {
        let (reply, answer) = oneshot::channel();
        if self.questions.try_send(((merchant, id), reply)).is_ok()
            && let Ok(found) = answer.await
        {
            return Ok(found);
        }
        let found = store::get(&self.pool, merchant, id).await?;
        Ok(found.map(|intent| Rc::new(ReadIntent::new(intent))))
    }
}

/// Looks up until nobody can ask any more. Whoever asked when a look-up fails is not answered.
async fn serve(db: Db, mut questions: mpsc::Receiver<Question>) {
    let mut desk = None;
    let mut gathered = Vec::with_capacity(AT_ONCE);
    loop {
        // Whoever is about to ask does so first: fuller look-ups for one line.
        tokio::task::yield_now().await;
        if questions.recv_many(&mut gathered, AT_ONCE).await == 0 {
            return;
        }
        match timeout(PATIENCE, answer(&db, desk.take(), &mut gathered)).await {
            Ok(Ok(used)) => desk = Some(used),
            Ok(Err(error)) => tracing::warn!(%error, "a look-up failed"),
            Err(_) => tracing::warn!("a look-up took too long; the reader connects again"),
        }
        gathered.clear();
    }
}

/// Answers the questions at `desk`, or a new one, and gives it back.
async fn answer(
    db: &Db,
    desk: Option<Desk>,
    questions: &mut Vec<Question>,
) -> Result<Desk, DbError> {
    let mut names: Vec<Name> = questions.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    let mut desk = match desk {
        Some(desk) => desk,
        None => Desk::open(db).await?,
    };
    match desk.refresh(&names).await {
        // The connection may have been lost long ago: that is found out by using it.
        Err(error) if is_outage(&error) => {
            desk = Desk::open(db).await?;
            desk.refresh(&names).await?;
        }
        refreshed => refreshed?,
    }
    for (name, reply) in questions.drain(..) {
        let found = desk.remembered.get(&name);
        // Whoever asked may have gone.
        let _ = reply.send(found.map(|(_, read)| Rc::clone(read)));
    }
    desk.forget();
    Ok(desk)
}

/// A connection, and what was read over it. One goes with the other: over a new connection a row's
/// version says nothing.
struct Desk {
    connection: PgConnection,
    /// Each with the version of its row.
    remembered: HashMap<Name, (String, Rc<ReadIntent>)>,
    /// Bytes that were remembered, about.
    bytes: usize,
}

impl Desk {
    async fn open(db: &Db) -> Result<Self, DbError> {
        Ok(Self {
            connection: db.connect(Use::Writer).await?,
            remembered: HashMap::new(),
            bytes: 0,
        })
    }

    /// Brings what is remembered of these intents up to date.
    async fn refresh(&mut self, names: &[Name]) -> Result<(), sqlx::Error> {
        let remembered = &self.remembered;
        let version = |name| remembered.get(name).map(|known| known.0.as_str());
        let names: Vec<_> = names.iter().map(|name| (*name, version(name))).collect();
        for read in store::load(&mut self.connection, &names).await? {
            self.bytes += bytes(&read.intent);
            let name = (read.intent.merchant, read.intent.id);
            let known = (read.version, Rc::new(ReadIntent::new(read.intent)));
            self.remembered.insert(name, known);
        }
        Ok(())
    }

    /// Begins anew where too much is remembered.
    fn forget(&mut self) {
        if self.bytes > REMEMBERED_MAX {
            self.remembered = HashMap::new();
            self.bytes = 0;
        }
    }
}

/// About how many bytes an intent takes in memory.
fn bytes(intent: &Intent) -> usize {
    let notes = intent.terms.metadata.iter();
    let notes = notes.map(|(name, note)| TEXT_BYTES + 2 * (name.len() + note.len()));
    let lines = intent.terms.line_items.iter();
    let lines = lines.map(|line| TEXT_BYTES + 2 * line.label.len());
    let description = intent.terms.description.as_ref().map_or(0, String::len);
    INTENT_BYTES + 2 * description + notes.sum::<usize>() + lines.sum::<usize>()
}
