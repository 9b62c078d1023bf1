//! What a command comes to, and how the world takes it.

use super::{Rejection, Ticket, world::World};
use crate::{
    base::{
        ambient::Ambient,
        ids::{DeliveryId, EndpointId, EventId, MerchantId},
    },
    domain::{
        callbacks::{
            Endpoint, EndpointStatus, EventType, NewDelivery, NewEvent, Replay, StoredSecret,
        },
        idempotency::Answer,
        intents::{Attempt, Intent, Refund},
        ledger::{Draft, JournalEntry},
        links::{Link, store::TokenRow},
        threads::Thread,
    },
};
use serde_json::value::RawValue;
use time::OffsetDateTime;

/// Prints a rejection as the problem that a caller gets. The door that speaks HTTP gives it, so
/// that the answer can be kept in the transaction.
pub type RenderRejection = fn(&Rejection, request_id: &str) -> Answer;

/// An event that a decision causes, before its place in the feed is known.
#[derive(Debug)]
pub struct Told {
    /// What happened.
    pub event_type: EventType,
    /// The object as the API gives it, in stored form.
    pub data: Box<RawValue>,
    /// Where it was asked for.
    pub thread: Option<Thread>,
    /// Whether it is one of the decision's intent's events.
    pub of_intent: bool,
    /// The one endpoint that is told, if it is not all that want to be.
    pub only: Option<Only>,
}

/// An event for one endpoint alone, with the ids that its answer names already.
#[derive(Clone, Copy, Debug)]
pub struct Only {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The event.
    pub event: EventId,
    /// Its delivery.
    pub delivery: DeliveryId,
}

/// How a decision answers.
#[derive(Debug)]
pub enum Outcome {
    /// With this.
    Answer(Answer),
    /// With this problem; the decision's changes stand all the same.
    Verdict(Rejection),
    /// By a call to the rail first.
    Call(Ticket),
    /// With the entry that is booked.
    Entry,
}

/// What a command comes to: the rows that change, what is booked, told and answered.
#[derive(Debug)]
pub struct Decision {
    /// The intent, made or changed.
    pub intent: Option<Intent>,
    /// The attempt, made or changed.
    pub attempt: Option<Attempt>,
    /// The refund, made or changed.
    pub refund: Option<Refund>,
    /// The link, made or changed.
    pub link: Option<Link>,
    /// The endpoint, made or changed.
    pub endpoint: Option<Endpoint>,
    /// Secrets of the endpoint, made or changed.
    pub secrets: Vec<StoredSecret>,
    /// A replay that is ordered.
    pub replay: Option<Replay>,
    /// The token of a new page.
    pub token: Option<TokenRow>,
    /// What is booked.
    pub draft: Option<Draft>,
    /// What is told.
    pub told: Vec<Told>,
    /// How it answers.
    pub outcome: Outcome,
}

impl Decision {
    /// A decision that changes nothing and answers so.
    pub fn answer(status: u16, body: &RawValue) -> Self {
        Self::of(Outcome::Answer(Answer {
            status,
            body: body.get().as_bytes().to_vec(),
        }))
    }

    /// A decision that so far changes nothing.
    pub fn of(outcome: Outcome) -> Self {
        Self {
            intent: None,
            attempt: None,
            refund: None,
            link: None,
            endpoint: None,
            secrets: Vec::new(),
            replay: None,
            token: None,
            draft: None,
            told: Vec::new(),
            outcome,
        }
    }
}

impl World {
    /// Takes a decision in whole, or, where the books refuse it, not at all.
    pub fn apply(
        &mut self,
        merchant: MerchantId,
        decision: Decision,
        ambient: &Ambient,
        now: OffsetDateTime,
    ) -> Result<Outcome, Rejection> {
        let entry = decision
            .draft
            .map(|draft| self.book(merchant, draft, ambient, now))
            .transpose()?;
        // Before anything is told: who is told depends on it.
        if let Some(endpoint) = decision.endpoint {
            self.endpoints.put((merchant, endpoint.id), endpoint);
        }
        let mut intent = decision.intent;
        for told in decision.told {
            let place = intent.as_mut().filter(|_| told.of_intent).map(|intent| {
                intent.event_sequence += 1;
                (intent.id.0, intent.event_sequence)
            });
            self.tell(merchant, told, (place, entry.as_ref()), (ambient, now));
        }
        self.entries.extend(entry);
        self.tokens.extend(decision.token);
        if let Some(intent) = intent {
            self.intents.put((merchant, intent.id), intent);
        }
        if let Some(attempt) = decision.attempt {
            self.attempts.put((merchant, attempt.id), attempt);
        }
        if let Some(refund) = decision.refund {
            self.refunds.put((merchant, refund.id), refund);
        }
        if let Some(link) = decision.link {
            self.links.put((merchant, link.id), link);
        }
        for secret in decision.secrets {
            let key = (merchant, secret.endpoint, secret.number);
            self.secrets.put(key, secret);
        }
        self.replays.extend(decision.replay);
        Ok(decision.outcome)
    }

    fn book(
        &mut self,
        merchant: MerchantId,
        draft: Draft,
        ambient: &Ambient,
        now: OffsetDateTime,
    ) -> Result<JournalEntry, Rejection> {
        let books = self
            .books
            .get_mut(&merchant)
            .ok_or(Rejection::NotFound("merchant"))?;
        let accounts = draft.accounts();
        let fresh = accounts.into_iter().filter(|(account, currency)| {
            !books
                .balances
                .contains_key(&(account.to_string(), *currency))
        });
        let fresh: Vec<_> = fresh.map(|(account, _)| (merchant, account)).collect();
        let entry = books.book(draft, ambient.id(), now)?;
        self.opened.extend(fresh);
        let touched = entry
            .postings
            .iter()
            .map(|p| (merchant, (p.account.clone(), p.amount.currency())));
        self.rebalanced.extend(touched);
        Ok(entry)
    }

    fn tell(
        &mut self,
        merchant: MerchantId,
        told: Told,
        (place, entry): (Option<(uuid::Uuid, i32)>, Option<&JournalEntry>),
        (ambient, now): (&Ambient, OffsetDateTime),
    ) {
        let Some(books) = self.books.get_mut(&merchant) else {
            return;
        };
        books.event_sequence += 1;
        let sequence = books.event_sequence;
        let thread = told.thread.as_ref();
        let event = NewEvent {
            id: told.only.map_or_else(|| ambient.id(), |only| only.event),
            event_type: told.event_type,
            timestamp: now,
            sequence,
            intent_id: place.map(|p| p.0),
            intent_sequence: place.map(|p| p.1),
            thread: thread.and_then(|thread| serde_json::value::to_raw_value(thread).ok()),
            data: told.data,
            journal_entries: entry
                .filter(|_| place.is_some())
                .map(|e| e.id.to_string())
                .into_iter()
                .collect(),
            conversation: thread.map(|thread| thread.conversation.clone()),
        };
        let owed = self.endpoints.values().filter(|e| match told.only {
            Some(only) => e.id == only.endpoint,
            None => e.merchant == merchant && e.wants(told.event_type),
        });
        self.deliveries.extend(owed.map(|endpoint| NewDelivery {
            merchant,
            id: told.only.map_or_else(|| ambient.id(), |only| only.delivery),
            endpoint: endpoint.id,
            event_sequence: sequence,
            intent: event.intent_id,
            held: endpoint.status == EndpointStatus::Disabled,
            lease: None,
            created_at: now,
        }));
        self.events.push(event.store(merchant));
    }
}
