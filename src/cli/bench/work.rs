//! What is asked of the service: which merchant, which key, which intent, and when again.

use super::site::Caller;
use crate::{ambient::Ambient, ids::IntentId};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use uuid::Uuid;

/// One request in so many is the one before it again.
const REPEAT_EACH: u64 = 20;

/// The body of a request for money, what a bot of a small café sends; `REFERENCE` is another one
/// each time.
pub(super) const INTENT: &str = r#"{"amount":"12.50","currency":"EUR","description":"2 × flat white","reference":"REFERENCE","thread":{"channel":"telegram","tenant":null,"conversation":"-1001234567890","thread":"77","message":null,"user":"42"},"line_items":[{"label":"Flat white","quantity":2,"unit_amount":"6.25"}],"expires_in":86400,"metadata":{"table":"4"}}"#;
/// The body of a confirmation.
pub(super) const CONFIRM: &str = r#"{"payment_method":"pm_sandbox_ok"}"#;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scenario {
    /// Ask for money.
    Create,
    /// Confirm an intent that waits.
    Pay,
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Pay => "pay",
        })
    }
}

/// Intents that wait to be paid, each with the index of its merchant; each is taken once.
#[derive(Debug, Default)]
pub(super) struct Stock {
    intents: Vec<(usize, IntentId)>,
    taken: AtomicUsize,
}

impl Stock {
    /// A stock of these.
    pub fn new(intents: Vec<(usize, IntentId)>) -> Self {
        Self {
            intents,
            taken: AtomicUsize::new(0),
        }
    }

    /// What nobody took.
    pub fn rest(mut self) -> Vec<(usize, IntentId)> {
        let taken = self.taken.load(Ordering::Relaxed).min(self.intents.len());
        self.intents.split_off(taken)
    }

    fn take(&self) -> Option<(usize, IntentId)> {
        let index = self.taken.fetch_add(1, Ordering::Relaxed);
        self.intents.get(index).copied()
    }
}

/// The work of one measurement, shared by all connections.
#[derive(Clone, Debug)]
pub(super) struct Work {
    /// What is asked for.
    pub scenario: Scenario,
    /// On whose behalf, in turns.
    pub callers: Arc<[Caller]>,
    /// What can be paid.
    pub stock: Arc<Stock>,
    run: Uuid,
}

impl Work {
    /// Work whose idempotency keys no other work has.
    pub fn new(scenario: Scenario, callers: Arc<[Caller]>, stock: Arc<Stock>) -> Self {
        let run = Ambient::system().id();
        Self {
            scenario,
            callers,
            stock,
            run,
        }
    }

    /// The requests of one connection.
    pub fn asker(&self, connection: usize) -> Asker {
        Asker {
            work: self.clone(),
            connection,
            number: 0,
            last: None,
        }
    }
}

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    /// The index of the caller.
    pub caller: usize,
    /// The idempotency key.
    pub key: String,
    /// The intent, where one is paid.
    pub intent: Option<IntentId>,
    /// Whether it was asked before, so that the answer must be the one from then.
    pub repeated: bool,
}

/// Makes the requests of one connection, one after the other.
#[derive(Debug)]
pub(super) struct Asker {
    work: Work,
    connection: usize,
    number: u64,
    last: Option<Ask>,
}

impl Asker {
    /// The next request; none when nothing is left to pay.
    pub fn next(&mut self) -> Option<Ask> {
        self.number += 1;
        if let Some(last) = &self.last
            && self.number.is_multiple_of(REPEAT_EACH)
        {
            return Some(Ask {
                repeated: true,
                ..last.clone()
            });
        }
        let (caller, intent) = match self.work.scenario {
            Scenario::Create => (self.turn()?, None),
            Scenario::Pay => self
                .work
                .stock
                .take()
                .map(|(caller, id)| (caller, Some(id)))?,
        };
        let key = format!(
            "{}-{}-{}",
            self.work.run.simple(),
            self.connection,
            self.number
        );
        let ask = Ask {
            caller,
            key,
            intent,
            repeated: false,
        };
        self.last = Some(ask.clone());
        Some(ask)
    }

    fn turn(&self) -> Option<usize> {
        let number = usize::try_from(self.number).ok()?;
        (self.connection + number).checked_rem(self.work.callers.len())
    }
}
