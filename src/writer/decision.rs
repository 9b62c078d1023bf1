//! What a command comes to, and how the world takes it.

use super::{
    Rejection,
    context::Context,
    world::{Change, World},
};
use crate::{
    base::{
        actor::Actor,
        event_type::EventType,
        ids::{DeliveryId, EndpointId, EventId, IntentId, MerchantId, StatementId},
        money::Currency,
    },
    domain::{
        callbacks::{EndpointStatus, NewDelivery, NewEvent},
        idempotency::Answer,
        intents::Intent,
        ledger::{Account, Balance, Books, Draft, JournalEntry},
        movements::Movement,
        rails::RailCall,
        threads::Thread,
    },
};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use std::borrow::Cow;

/// An event that a decision causes, before its place in the feed is known.
#[derive(Debug)]
pub struct EventDraft {
    /// What happened.
    pub event_type: EventType,
    /// The object as the API gives it, in stored form.
    pub data: Box<RawValue>,
    /// Where it was asked for.
    pub thread: Option<Thread>,
    /// The intent that it is about, in whose event sequence it counts.
    pub intent: Option<IntentId>,
    /// The one endpoint that gets it, if it is not all that want it.
    pub recipient: Option<Recipient>,
}

/// What an event is about, by the object that it tells of.
#[derive(Deserialize)]
struct About<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

impl<'a> About<'a> {
    fn of(data: &'a RawValue) -> Option<Self> {
        serde_json::from_str(data.get()).ok()
    }
}

impl EventDraft {
    /// An event about an object that is no intent's, for all endpoints that want it.
    pub fn new(event_type: EventType, data: &RawValue) -> Self {
        Self {
            event_type,
            data: data.to_owned(),
            thread: None,
            intent: None,
            recipient: None,
        }
    }
}

/// The endpoint that an event is for alone, with the ids that the answer names already.
#[derive(Clone, Copy, Debug)]
pub struct Recipient {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The event.
    pub event: EventId,
    /// Its delivery.
    pub delivery: DeliveryId,
}

/// Prints the entries that a decision booked as its answer.
pub type PrintEntries = fn(&[JournalEntry]) -> Result<Answer, Rejection>;

/// How a decision answers.
#[derive(Debug)]
pub enum DecisionOutcome {
    /// With this.
    Answer(Answer),
    /// With this problem; the decision's changes are kept all the same.
    Verdict(Rejection),
    /// By a call to the rail first.
    Call(RailCall),
    /// When all lines of this statement are looked at.
    Begun(StatementId),
    /// With the entries that are booked.
    Booked(PrintEntries),
}

/// Whose things a decision changes, and who causes it.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The merchant.
    pub merchant: MerchantId,
    /// The actor.
    pub actor: Actor,
}

/// What a command comes to: rows that change, entries to book, events, and the answer. One
/// decision may change many rows, book several entries and cause several events.
#[derive(Debug)]
pub struct Decision {
    /// Rows that are made or changed.
    pub changes: Vec<Change>,
    /// Entries to book, in this order.
    pub drafts: Vec<Draft>,
    /// Events, in this order.
    pub events: Vec<EventDraft>,
    /// How it answers.
    pub outcome: DecisionOutcome,
}

impl Decision {
    /// A decision that so far changes nothing and answers with this object.
    pub fn answer(status: u16, body: &RawValue) -> Self {
        Self::of(DecisionOutcome::Answer(Answer {
            status,
            body: body.get().as_bytes().to_vec(),
        }))
    }

    /// A decision that so far changes nothing.
    pub fn of(outcome: DecisionOutcome) -> Self {
        Self {
            changes: Vec::new(),
            drafts: Vec::new(),
            events: Vec::new(),
            outcome,
        }
    }

    /// The payment intent that it makes or changes.
    pub fn intent(&self) -> Option<&Intent> {
        self.changes.iter().find_map(|change| {
            if let Change::Intent(intent) = change {
                Some(intent)
            } else {
                None
            }
        })
    }

    /// The movement that it makes or changes.
    pub fn movement(&self) -> Option<&Movement> {
        self.changes.iter().find_map(|change| {
            if let Change::Movement(movement) = change {
                Some(movement)
            } else {
                None
            }
        })
    }

    /// The same, which also does what another does, and answers as it does itself.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.changes.extend(other.changes);
        self.drafts.extend(other.drafts);
        self.events.extend(other.events);
        self
    }

    /// The same, which also makes or changes this row.
    #[must_use]
    pub fn with(mut self, change: impl Into<Change>) -> Self {
        self.changes.push(change.into());
        self
    }

    /// The same, which also makes or changes these rows.
    #[must_use]
    pub fn with_all<C: Into<Change>>(mut self, changes: impl IntoIterator<Item = C>) -> Self {
        self.changes.extend(changes.into_iter().map(Into::into));
        self
    }

    /// The same, which also books these entries.
    #[must_use]
    pub fn booking(mut self, drafts: impl IntoIterator<Item = Draft>) -> Self {
        self.drafts.extend(drafts);
        self
    }

    /// The same, which also causes these events.
    #[must_use]
    pub fn causing(mut self, events: impl IntoIterator<Item = EventDraft>) -> Self {
        self.events.extend(events);
        self
    }
}

impl World {
    /// Applies a decision as a whole or, where the books refuse one of its entries, not at all.
    pub fn apply(
        &mut self,
        origin: Origin,
        decision: Decision,
        context: Context<'_>,
    ) -> Result<DecisionOutcome, Rejection> {
        let entries = self.book_all(origin, decision.drafts, context)?;
        // Before the events: which endpoints get them depends on the endpoints as they are now.
        for change in decision.changes {
            self.take(change);
        }
        for event in decision.events {
            self.add_event(origin, event, &entries, context);
        }
        let outcome = if let DecisionOutcome::Booked(print) = decision.outcome {
            DecisionOutcome::Answer(print(&entries)?)
        } else {
            decision.outcome
        };
        self.entries.extend(entries);
        Ok(outcome)
    }

    /// Books all drafts.
    fn book_all(
        &mut self,
        origin: Origin,
        drafts: Vec<Draft>,
        context: Context<'_>,
    ) -> Result<Vec<JournalEntry>, Rejection> {
        if drafts.is_empty() {
            return Ok(Vec::new());
        }
        let merchant = origin.merchant;
        let books = self.books.get_mut(&merchant);
        let books = books.ok_or(Rejection::NotFound("merchant"))?;
        let mut opened = Vec::new();
        for draft in &drafts {
            let first = first_postings(books, draft.accounts())?;
            opened.extend(first.into_iter().map(|account| (merchant, account)));
        }
        let book = |draft: Draft| {
            let draft = draft.caused_by(origin.actor);
            books.book(draft, context.ambient.id(), context.now)
        };
        let entries: Vec<JournalEntry> = drafts.into_iter().map(book).collect();
        self.opened.extend(opened);
        let postings = entries.iter().flat_map(|entry| &entry.postings);
        let touched = postings.map(|p| (merchant, (p.account.clone(), p.amount.currency())));
        self.rebalanced.extend(touched);
        Ok(entries)
    }

    /// Gives an event its place in the feed, and makes the deliveries of it.
    fn add_event(
        &mut self,
        origin: Origin,
        draft: EventDraft,
        entries: &[JournalEntry],
        context: Context<'_>,
    ) {
        let Context {
            ambient,
            now,
            outside,
            ..
        } = context;
        let merchant = origin.merchant;
        let Some(books) = self.books.get_mut(&merchant) else {
            return;
        };
        books.event_sequence += 1;
        let (mode, sequence) = (books.mode, books.event_sequence);
        let place = draft.intent.and_then(|id| {
            let intent = self.intents.change(&(merchant, id))?;
            intent.event_sequence += 1;
            Some((id.0, intent.event_sequence))
        });
        let intent_id = place.map(|place| place.0);
        let thread = draft.thread.as_ref();
        let recipient = draft.recipient;
        let journal_entries = entries_of(&draft.data, entries);
        let event = NewEvent {
            mode,
            id: recipient.map_or_else(|| ambient.id(), |recipient| recipient.event),
            event_type: draft.event_type,
            timestamp: now,
            sequence,
            intent_id,
            intent_sequence: place.map(|place| place.1),
            thread: thread.and_then(|thread| to_raw_value(thread).ok()),
            data: draft.data,
            journal_entries,
            conversation: thread.map(|thread| thread.conversation.clone()),
            actor: origin.actor,
        };
        let endpoints = self.endpoints.values().filter(|e| match recipient {
            Some(recipient) => e.id == recipient.endpoint,
            None => e.merchant == merchant && e.wants(event.event_type),
        });
        self.deliveries
            .extend(endpoints.map(|endpoint| NewDelivery {
                merchant,
                id: recipient.map_or_else(|| outside.ambient.id(), |recipient| recipient.delivery),
                endpoint: endpoint.id,
                event_sequence: sequence,
                intent: event.intent_id,
                // Also where a newer version says that it is neither: nothing is lost.
                held: endpoint.status != EndpointStatus::Enabled,
                lease: None,
                created_at: outside.now,
            }));
        self.events.push(event.store(merchant));
    }
}

/// The ids of those entries that an event names: of what it is about.
fn entries_of(data: &RawValue, entries: &[JournalEntry]) -> Vec<String> {
    if entries.is_empty() {
        return Vec::new();
    }
    let about = About::of(data);
    let of = entries
        .iter()
        .filter(|entry| about.as_ref().is_some_and(|about| about.id == entry.source));
    of.map(|entry| entry.id.to_string()).collect()
}

/// Those of the accounts that have no posting yet. A balance that was not loaded would count as
/// zero, so an entry that needs it is refused.
fn first_postings(
    books: &Books,
    accounts: Vec<(Account, Currency)>,
) -> Result<Vec<Account>, Rejection> {
    let mut first = Vec::new();
    for (account, currency) in accounts {
        let name = (account.to_string(), currency);
        let balance = books.balances.get(&name).ok_or_else(|| {
            Rejection::Internal(format!(
                "the balance of {account} in {currency} was not loaded"
            ))
        })?;
        if *balance == Balance::default() {
            first.push(account);
        }
    }
    Ok(first)
}
