//! What one transaction of the plain variant does for its request.

use super::store;
use crate::{
    base::{
        actor::Actor,
        ambient::Ambient,
        event_type::EventType,
        ids::{IntentId, MerchantId},
        invalid::Invalid,
        mode::Mode,
    },
    domain::{
        callbacks::{NewEvent, StoredEvent},
        idempotency::{Answer, Claim},
        intents::{self, ChargeTerms, Finished, Intent, IntentError, Known, PaymentIntent, Terms},
        ledger::{self, Balance, Books, Draft, JournalEntry, JournalEntryView},
        links::{PageUrls, store::Subject},
        rails::{PaymentMethod, Rail, RailAnswer},
    },
    writer::{Command, PaymentCommand, PostingCommand, Rejection, Submission},
};
use serde_json::value::{RawValue, to_raw_value};
use sqlx::PgConnection;
use time::OffsetDateTime;

/// What a transaction needs beside its connection.
#[derive(Clone, Debug)]
pub(super) struct Means {
    /// Time, ids and chance.
    pub ambient: Ambient,
    /// Addresses of pages.
    pub urls: PageUrls,
}

/// Why a transaction comes to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Another request with this key was first, or changed the intent first.
    #[error("another request was first")]
    Again,
}

impl From<IntentError> for Stop {
    fn from(error: IntentError) -> Self {
        Self::Rejected(error.into())
    }
}

impl From<Invalid> for Stop {
    fn from(error: Invalid) -> Self {
        Self::Rejected(error.into())
    }
}

/// Whether it can run such a command.
pub(super) fn knows(command: &Command) -> bool {
    matches!(
        command,
        Command::Payment(PaymentCommand::Create(_) | PaymentCommand::Confirm(..))
            | Command::Posting(PostingCommand::Post(_))
    )
}

/// Runs a command up to its commit, and gives the answer.
pub(super) async fn run(
    db: &mut PgConnection,
    submission: &Submission,
    means: &Means,
) -> Result<Answer, Stop> {
    let request = Request {
        means,
        merchant: submission.merchant,
        claim: submission.claim.as_ref(),
        now: means.ambient.now(),
    };
    if let Command::Payment(PaymentCommand::Create(terms)) = &submission.command {
        request.create(db, terms).await
    } else if let Command::Payment(PaymentCommand::Confirm(id, choice)) = &submission.command {
        request.confirm(db, *id, choice.method).await
    } else if let Command::Posting(PostingCommand::Post(draft)) = &submission.command {
        request.post(db, draft.clone()).await
    } else {
        Err(Rejection::NotFound("plain variant of this command").into())
    }
}

struct Request<'a> {
    means: &'a Means,
    merchant: MerchantId,
    claim: Option<&'a Claim>,
    now: OffsetDateTime,
}

/// The place of an event in the feed, and the entry that was booked with it.
#[derive(Clone, Copy)]
struct Place<'a> {
    sequence: i64,
    entry: Option<&'a JournalEntry>,
}

impl Request<'_> {
    async fn create(&self, db: &mut PgConnection, terms: &Terms) -> Result<Answer, Stop> {
        let ambient = &self.means.ambient;
        let mut intent = Intent::new(ambient.id(), self.merchant, terms.clone(), self.now);
        let data = self.print(&intent)?;
        intent.event_sequence += 1;
        let answer = answer(201, &data);
        self.keep(db, &answer).await?;
        store::insert_intent(db, &intent).await?;
        let hash = self.means.urls.token_hash(&intent.id.to_string());
        store::insert_token(db, (hash, self.merchant, Subject::Intent(intent.id))).await?;
        // From here on the merchant's books are locked.
        let sequence = store::next_event(db, self.merchant).await?;
        let sequence = sequence.ok_or(Rejection::NotFound("merchant"))?;
        let place = Place {
            sequence,
            entry: None,
        };
        let event = self.event(EventType::IntentCreated, &intent, data, place);
        self.tell(db, event).await?;
        Ok(answer)
    }

    async fn confirm(
        &self,
        db: &mut PgConnection,
        id: IntentId,
        method: PaymentMethod,
    ) -> Result<Answer, Stop> {
        let ambient = &self.means.ambient;
        let seen = intents::store::get(&mut *db, self.merchant, id).await?;
        let seen = seen.ok_or(Rejection::NotFound("payment intent"))?;
        seen.takes(method)?;
        let terms = ChargeTerms::played(method);
        let (intent, mut attempt) = seen.clone().begin_charge(terms, ambient.id(), self.now)?;
        attempt.idempotency_key = self.claim.map(|claim| claim.key.as_str().to_owned());
        let rail = Rail::answer_at_once(&attempt.call(None)).unwrap_or(RailAnswer::Unknown);
        let known = Known {
            intent,
            refund: None,
            charge: None,
            has_place: true,
        };
        let finished = attempt.learn(known, rail.into(), ambient.id(), self.now)?;
        let Some(Finished {
            mut intent,
            attempt,
            draft: Some(draft),
            ..
        }) = finished
        else {
            return Err(Rejection::NotFound("plain variant of a payment that fails").into());
        };
        let data = self.print(&intent)?;
        intent.event_sequence += 1;
        let answer = answer(200, &data);
        if !store::update_intent(db, &seen, &intent).await? {
            return Err(Stop::Again);
        }
        self.keep(db, &answer).await?;
        store::insert_attempt(db, &attempt).await?;
        // From here on the merchant's books are locked.
        let books = store::lock_books(db, self.merchant).await?;
        let mut books = books.ok_or(Rejection::NotFound("merchant"))?;
        let entry = self.book(db, &mut books, draft).await?;
        books.event_sequence += 1;
        store::save_books(db, &books).await?;
        let place = Place {
            sequence: books.event_sequence,
            entry: Some(&entry),
        };
        self.tell(
            db,
            self.event(EventType::IntentSucceeded, &intent, data, place),
        )
        .await?;
        Ok(answer)
    }

    async fn post(&self, db: &mut PgConnection, draft: Draft) -> Result<Answer, Stop> {
        let books = store::lock_books(db, self.merchant).await?;
        let mut books = books.ok_or(Rejection::NotFound("merchant"))?;
        let entry = self.book(db, &mut books, draft).await?;
        store::save_books(db, &books).await?;
        let data = to_raw_value(&JournalEntryView::from(entry));
        let answer = answer(201, &data.map_err(|e| Rejection::Internal(e.to_string()))?);
        self.keep(db, &answer).await?;
        Ok(answer)
    }

    /// Books an entry of two lines: the first is the debit, the second the credit.
    async fn book(
        &self,
        db: &mut PgConnection,
        books: &mut Books,
        draft: Draft,
    ) -> Result<JournalEntry, Stop> {
        let [(debit, _, amount), (credit, ..)] = draft.lines() else {
            return Err(Rejection::NotFound("plain variant of this entry").into());
        };
        let before = store::post(db, self.merchant, (debit, credit), *amount).await?;
        for (account, balance) in [debit, credit].into_iter().zip(before) {
            if balance == Balance::default() {
                let opened = [(self.merchant, account.clone())];
                ledger::store::open_accounts(db, &opened, self.now).await?;
            }
            let name = (account.to_string(), amount.currency());
            books.balances.insert(name, balance);
        }
        let entry = books.book(draft, self.means.ambient.id(), self.now);
        store::insert_entry(db, &entry).await?;
        store::insert_postings(db, &entry).await?;
        Ok(entry)
    }

    fn print(&self, intent: &Intent) -> Result<Box<RawValue>, Stop> {
        let url = self.means.urls.stored_url(&intent.id.to_string());
        to_raw_value(&PaymentIntent::new(intent, Mode::Test, url, self.now))
            .map_err(|e| Rejection::Internal(e.to_string()).into())
    }

    /// Keeps the answer under the request's key, unless an earlier request has it.
    async fn keep(&self, db: &mut PgConnection, answer: &Answer) -> Result<(), Stop> {
        let Some(claim) = self.claim else {
            return Ok(());
        };
        if store::insert_key(db, self.merchant, (claim, answer), self.now).await? {
            Ok(())
        } else {
            Err(Stop::Again)
        }
    }

    fn event(
        &self,
        event_type: EventType,
        intent: &Intent,
        data: Box<RawValue>,
        feed: Place<'_>,
    ) -> StoredEvent {
        let thread = intent.terms.details.thread.as_ref();
        let event = NewEvent {
            mode: Mode::Test,
            id: self.means.ambient.id(),
            event_type,
            timestamp: self.now,
            sequence: feed.sequence,
            intent_id: Some(intent.id.0),
            intent_sequence: Some(intent.event_sequence),
            thread: thread.and_then(|thread| to_raw_value(thread).ok()),
            actor: Actor::Operator,
            data,
            journal_entries: feed
                .entry
                .map(|entry| entry.id.to_string())
                .into_iter()
                .collect(),
            conversation: thread.map(|thread| thread.conversation.clone()),
        };
        event.store(self.merchant)
    }

    async fn tell(&self, db: &mut PgConnection, event: StoredEvent) -> Result<(), Stop> {
        store::insert_event(db, &event).await?;
        store::insert_delivery(db, self.means.ambient.id(), &event).await?;
        Ok(())
    }
}

fn answer(status: u16, data: &RawValue) -> Answer {
    Answer {
        status,
        body: data.get().as_bytes().to_vec(),
    }
}
