//! A merchant's events, read beside the entries that they name. Both are written by the same
//! commits, so the entries stand in the order in which events name them: one walk holds each
//! against the other, with a page of either in memory.

use super::{
    Fault, Faults,
    store::{self, EventRow, Head},
    told::Telling,
};
use crate::{
    base::{
        ids::{EntryId, EventId, IntentId, MerchantId},
        timestamp,
    },
    domain::ledger::JournalEntry,
    views::reports::store::find_entry,
};
use serde::Deserialize;
use sqlx::PgConnection;
use std::{borrow::Cow, collections::VecDeque};

/// How many events are in memory at once.
const PAGE: i64 = 1_000;

/// What an event says, as far as it must agree with anything.
#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    sequence: i64,
    intent_sequence: Option<i32>,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    created_by: Option<String>,
    livemode: Option<bool>,
    thread: Option<Thread>,
    data: Data,
    journal_entries: Vec<String>,
}

/// Where it was asked for.
#[derive(Deserialize)]
struct Thread {
    conversation: String,
}

/// What it is about.
#[derive(Clone, Deserialize)]
struct Data {
    id: String,
    currency: Option<String>,
    amount: Option<String>,
    amount_captured: Option<String>,
}

/// An entry that an event names.
struct Named {
    event: String,
    entry: String,
    data: Data,
}

/// A merchant's events, from the first to the last.
pub(super) struct Feed {
    merchant: MerchantId,
    is_live: bool,
    end: i64,
    last: i64,
    count: u64,
    at_end: bool,
    named: VecDeque<Named>,
    /// The entry that was named last: events of one cause may name the same.
    met: Option<EntryId>,
    telling: Telling,
}

impl Feed {
    /// Before the first event of the merchant whose books stand at `head`.
    pub fn open(head: &Head) -> Self {
        Self {
            merchant: head.merchant,
            is_live: head.is_live,
            end: head.event_sequence,
            last: 0,
            count: 0,
            at_end: false,
            named: VecDeque::new(),
            met: None,
            telling: Telling::default(),
        }
    }

    /// Holds the next entry against the next event that names one. What was booked by hand causes no
    /// event.
    pub async fn meet(
        &mut self,
        db: &mut PgConnection,
        entry: &JournalEntry,
        faults: &mut Faults,
    ) -> Result<(), sqlx::Error> {
        if entry.origin.payment_intent.is_none() && entry.kind != "movement" {
            return Ok(());
        }
        while let Some(named) = self.next(db, faults).await? {
            let id: Option<EntryId> = named.entry.parse().ok();
            if id == Some(entry.id) {
                let differs = differs(entry, &named);
                faults.extend(differs.map(|problem| self.fault(&named.event, problem)));
                self.met = id;
                return Ok(());
            }
            if id.is_some() && id == self.met {
                continue;
            }
            match self.place(db, &named).await? {
                Some(place) if place > entry.sequence => {
                    // It is that entry's turn later: none names this one.
                    self.named.push_front(named);
                    break;
                }
                place => faults.add(self.misnamed(&named, place)),
            }
        }
        let problem = "an event should name it, and none does";
        faults.add(Fault::of_entry(entry, problem));
        Ok(())
    }

    /// What is left after the last entry: the rest of the events, which name none. Gives how many
    /// events there are.
    pub async fn finish(
        mut self,
        db: &mut PgConnection,
        faults: &mut Faults,
    ) -> Result<u64, sqlx::Error> {
        while let Some(named) = self.next(db, faults).await? {
            let id: Option<EntryId> = named.entry.parse().ok();
            if id.is_none() || id != self.met {
                let place = self.place(db, &named).await?;
                faults.add(self.misnamed(&named, place));
            }
        }
        if self.last != self.end {
            let (end, last) = (self.end, self.last);
            let problem = if last < end {
                let missing = last.saturating_add(1);
                format!("should be 1 to {end} without gaps, and {missing} is missing")
            } else {
                format!("should be 1 to {end} by the books, and go on to {last}")
            };
            faults.add(self.fault("events", problem));
        }
        Ok(self.count)
    }

    async fn next(
        &mut self,
        db: &mut PgConnection,
        faults: &mut Faults,
    ) -> Result<Option<Named>, sqlx::Error> {
        while self.named.is_empty() && !self.at_end {
            let rows = store::next_events(db, self.merchant, self.last, PAGE).await?;
            self.at_end = rows.is_empty();
            let merchant = self.merchant;
            self.telling.check(db, merchant, &rows, faults).await?;
            for row in rows {
                self.take(&row, faults);
            }
        }
        Ok(self.named.pop_front())
    }

    fn take(&mut self, row: &EventRow, faults: &mut Faults) {
        let missing = self.last.saturating_add(1);
        if row.sequence != missing {
            let end = self.end;
            let problem = format!("should be 1 to {end} without gaps, and {missing} is missing");
            faults.add(self.fault("events", problem));
        }
        self.last = row.sequence;
        self.count += 1;
        let name = || format!("event {} {}", row.sequence, EventId(row.id));
        let Ok(payload) = serde_json::from_slice::<Payload<'_>>(&row.payload) else {
            faults.add(self.fault(&name(), "its payload should be an event's, and is not"));
            return;
        };
        let problem = payload.differs(row, self.is_live);
        faults.extend(problem.map(|problem| self.fault(&name(), problem)));
        let data = payload.data;
        let named = payload.journal_entries.into_iter().map(|entry| Named {
            event: name(),
            entry,
            data: data.clone(),
        });
        self.named.extend(named);
    }

    /// The sequence of the entry that an event names, if it is there.
    async fn place(
        &self,
        db: &mut PgConnection,
        named: &Named,
    ) -> Result<Option<i64>, sqlx::Error> {
        let Ok(id) = named.entry.parse::<EntryId>() else {
            return Ok(None);
        };
        let found = find_entry(db, self.merchant, id).await?;
        Ok(found.map(|(sequence, _)| sequence))
    }

    /// An event names an entry whose turn it is not.
    fn misnamed(&self, named: &Named, place: Option<i64>) -> Fault {
        let entry = &named.entry;
        let problem = match place {
            Some(_) => format!("names journal entry {entry} out of its turn"),
            None => format!("names journal entry {entry}, which is missing"),
        };
        self.fault(&named.event, problem)
    }

    fn fault(&self, object: &str, problem: impl Into<String>) -> Fault {
        Fault::new(self.merchant, object.to_owned(), problem)
    }
}

impl Payload<'_> {
    /// Where an event's payload and its row differ.
    fn differs(&self, row: &EventRow, is_live: bool) -> Option<String> {
        let place = |place: Option<i32>| place.map_or_else(|| "null".to_owned(), |n| n.to_string());
        let intent = row.intent_id.map(|id| IntentId(id).to_string());
        let about = intent.filter(|_| row.event_type.starts_with("payment_intent."));
        let actor = row.actor.as_deref();
        let (id, time) = (
            EventId(row.id).to_string(),
            timestamp::format(row.created_at),
        );
        let numbers = [row.sequence, self.sequence].map(|number| number.to_string());
        let places = [row.intent_sequence, self.intent_sequence].map(place);
        let modes = [is_live, self.livemode.unwrap_or(is_live)].map(|live| live.to_string());
        let conversation = self.thread.as_ref().map(|thread| &*thread.conversation);
        let pairs = [
            ("livemode", modes[0].as_str(), modes[1].as_str()),
            (
                "thread.conversation",
                row.conversation.as_deref().unwrap_or_default(),
                conversation.unwrap_or_default(),
            ),
            ("id", id.as_str(), self.id.as_ref()),
            ("type", &row.event_type, &self.r#type),
            ("sequence", &numbers[0], &numbers[1]),
            ("intent_sequence", &places[0], &places[1]),
            ("timestamp", &time, &self.timestamp),
            (
                "data.id",
                about.as_deref().unwrap_or(&self.data.id),
                &self.data.id,
            ),
            (
                "created_by",
                actor.or(self.created_by.as_deref()).unwrap_or_default(),
                self.created_by.as_deref().unwrap_or_default(),
            ),
        ];
        let wrong = pairs
            .into_iter()
            .find(|(_, expected, found)| expected != found);
        wrong.map(|(name, expected, found)| {
            format!("its payload should say {name} {expected}, and says {found}")
        })
    }
}

/// Where an event and the entry that it names differ.
fn differs(entry: &JournalEntry, named: &Named) -> Option<String> {
    let (data, id) = (&named.data, entry.id);
    if data.id != entry.source {
        let source = &entry.source;
        return Some(format!(
            "should be about {source}, the source of journal entry {id}, and is about {}",
            data.id
        ));
    }
    let stated = match entry.kind.as_str() {
        "capture" => data.amount_captured.as_deref(),
        _ => data.amount.as_deref(),
    };
    let booked = entry.postings.first()?.amount;
    let (amount, currency) = (booked.to_string(), booked.currency().code());
    let agrees = stated == Some(&amount) && data.currency.as_deref() == Some(currency);
    (!agrees).then(|| {
        let (stated, unit) = (
            stated.unwrap_or_default(),
            data.currency.as_deref().unwrap_or_default(),
        );
        format!("should tell of {amount} {currency}, as journal entry {id} has it, and tells of {stated} {unit}")
    })
}
