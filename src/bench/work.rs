//! What is asked of the service: which merchant, which key, which intent, and when again.

use super::{
    backlog_limit::BacklogLimit,
    scenario::{Kind, Scenario},
    services::Caller,
};
use crate::base::{ambient::Ambient, ids::IntentId};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use uuid::Uuid;

/// One request in so many is an earlier change asked for again, with its key.
const REPEAT_EACH: u64 = 20;

/// The body of a request for money, what a bot of a small café sends; `REFERENCE` is another one
/// each time.
pub(super) const INTENT: &str = r#"{"amount":"12.50","currency":"EUR","description":"2 × flat white","reference":"REFERENCE","thread":{"channel":"telegram","tenant":null,"conversation":"-1001234567890","thread":"77","message":null,"user":"42"},"line_items":[{"label":"Flat white","quantity":2,"unit_amount":"6.25"}],"expires_in":86400,"metadata":{"table":"4"}}"#;
/// The body of a confirmation.
pub(super) const CONFIRM: &str = r#"{"payment_method":"pm_sandbox_ok"}"#;

/// The body of a journal entry.
pub(super) const POSTING: &str = r#"{"postings":[{"account":"bank:EUR","direction":"debit","amount":"12.50","currency":"EUR"},{"account":"merchant:available","direction":"credit","amount":"12.50","currency":"EUR"}]}"#;

/// What a connection does in one turn, with the intent that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// Asks for money.
    Create,
    /// Pays this intent.
    Confirm(IntentId),
    /// Gives all of it back.
    Refund(IntentId),
    /// Books an entry.
    Post,
    /// Reads this intent.
    Get(IntentId),
    /// Reads the newest intents.
    List,
}

impl Verb {
    /// Whether it changes anything, so that it carries a key.
    pub fn is_change(self) -> bool {
        match self {
            Self::Create | Self::Confirm(_) | Self::Refund(_) | Self::Post => true,
            Self::Get(_) | Self::List => false,
        }
    }
}

/// Intents that wait to be paid, each with the index of its merchant; each is taken once.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    intents: Vec<(usize, IntentId)>,
    taken: AtomicUsize,
}

impl Prepared {
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

    /// The `number`th, again and again.
    fn look(&self, number: usize) -> Option<(usize, IntentId)> {
        let index = number.checked_rem(self.intents.len())?;
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
    /// What can be paid, or read.
    pub prepared: Arc<Prepared>,
    /// Keeps it from running away from the callbacks, where they are sent.
    pub backlog: Option<Arc<BacklogLimit>>,
    run: Uuid,
}

impl Work {
    /// Work whose idempotency keys no other work has.
    pub fn new(scenario: Scenario, callers: Arc<[Caller]>, prepared: Arc<Prepared>) -> Self {
        let run = Ambient::system().id();
        Self {
            scenario,
            callers,
            prepared,
            backlog: None,
            run,
        }
    }

    /// The requests of one connection.
    pub fn asker(&self, connection: usize) -> Asker {
        Asker {
            work: self.clone(),
            connection,
            number: 0,
            turns: 0,
            last: None,
            paid: None,
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
    /// What is asked.
    pub verb: Verb,
    /// Whether it was asked before, so that the answer must be the one from then.
    pub repeated: bool,
}

/// Makes the requests of one connection, one after the other.
#[derive(Debug)]
pub(super) struct Asker {
    work: Work,
    connection: usize,
    number: u64,
    /// How many of these were no repeats.
    turns: usize,
    /// The last change.
    last: Option<Ask>,
    /// The last payment that was not given back.
    paid: Option<(usize, IntentId)>,
}

impl Asker {
    /// The next request, once callbacks are not too far behind; none when nothing is left to pay.
    pub async fn next(&mut self) -> Option<Ask> {
        if let Some(backlog) = &self.work.backlog {
            backlog.wait().await;
        }
        self.number += 1;
        if let Some(last) = &self.last
            && self.number.is_multiple_of(REPEAT_EACH)
        {
            return Some(Ask {
                repeated: true,
                ..last.clone()
            });
        }
        let (caller, verb) = self.turn()?;
        let run = self.work.run.simple();
        let ask = Ask {
            caller,
            key: format!("{run}-{}-{}", self.connection, self.number),
            verb,
            repeated: false,
        };
        if verb.is_change() {
            self.last = Some(ask.clone());
        }
        if let (Some(backlog), Verb::Create | Verb::Confirm(_)) = (&self.work.backlog, verb) {
            backlog.count();
        }
        Some(ask)
    }

    fn turn(&mut self) -> Option<(usize, Verb)> {
        let number = self.connection + self.turns;
        self.turns += 1;
        let turns = self.work.scenario.turns();
        let prepared = &self.work.prepared;
        let kind = turns.get(number.checked_rem(turns.len())?)?;
        let caller = number.checked_rem(self.work.callers.len())?;
        Some(match kind {
            Kind::Create => (caller, Verb::Create),
            Kind::Post => (caller, Verb::Post),
            Kind::List => (caller, Verb::List),
            Kind::Confirm => {
                let (caller, intent) = prepared.take()?;
                self.paid = Some((caller, intent));
                (caller, Verb::Confirm(intent))
            }
            Kind::Get => {
                let (caller, intent) = prepared.look(number)?;
                (caller, Verb::Get(intent))
            }
            Kind::Refund => match self.paid.take() {
                Some((caller, intent)) => (caller, Verb::Refund(intent)),
                None => (caller, Verb::List),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::MerchantId;

    #[tokio::test]
    async fn the_mix_is_what_it_is_called_and_pays_before_it_refunds() {
        let intents = (0..400).map(|n| (0, IntentId(Uuid::from_u128(n))));
        let caller = Caller {
            merchant: MerchantId(Uuid::nil()),
            api_key: String::new(),
        };
        let prepared = Arc::new(Prepared::new(intents.collect()));
        let work = Work::new(Scenario::Mixed, vec![caller].into(), prepared);
        let mut asker = work.asker(0);
        let (mut counts, mut repeats, mut paid) = ([0; 6], 0, Vec::new());
        for _ in 0..1000 {
            let ask = asker.next().await.unwrap();
            if ask.repeated {
                repeats += 1;
                continue;
            }
            let kind = match ask.verb {
                Verb::Create => 0,
                Verb::Confirm(intent) => {
                    paid.push(intent);
                    1
                }
                Verb::Get(_) => 2,
                Verb::List => 3,
                Verb::Refund(intent) => {
                    paid.retain(|paid| *paid != intent);
                    4
                }
                Verb::Post => 5,
            };
            counts[kind] += 1;
        }
        assert_eq!(repeats, 50);
        let expected = [400, 300, 200, 50, 50, 0];
        for (count, expected) in counts.into_iter().zip(expected) {
            assert!(
                expected * 9 / 10 <= count && count <= expected,
                "{counts:?}"
            );
        }
        assert_eq!(paid.len(), counts[1] - counts[4], "refunds are of payments");
    }
}
