//! One run: batches of commands against one store, with lost answers, repeats, crashes and
//! refused batches, then a quiet phase in which everything must come to an end.

use super::{
    Tally,
    crowd::{self, Crowd, Desk},
    dice::{self, Dice, HandClock},
    moves::{Move, by_worker, names},
    rail::ModelRail,
    rules,
    store::Store,
};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};
use threadpay::{
    ambient::Ambient,
    crypto::TokenKey,
    idempotency::{Answer, store::KeyName},
    ids::{IntentId, MerchantId},
    intents::{AttemptStatus, State},
    links::{LinkStatus, PageUrls},
    rails::{CallKind, DeclineCode, Rail, RailAnswer},
    writer::{AskAtOnce, Awaited, Command, Rejection, Reply, Scene, Ticket, decide},
};
use time::Duration;

/// Commands of the last batches that a failed run shows.
const SHOWN: usize = 12;

/// A call whose answer has not been written yet.
#[derive(Clone, Debug)]
pub struct Flight {
    merchant: MerchantId,
    ticket: Ticket,
    answer: RailAnswer,
    /// Whether a caller waits for the answer; a repeated answer has none.
    awaited: bool,
}

pub struct Run {
    dice: Dice,
    clock: Arc<HandClock>,
    ambient: Ambient,
    urls: PageUrls,
    merchants: Vec<MerchantId>,
    store: Store,
    rail: ModelRail,
    ask: AskAtOnce,
    crowd: Crowd,
    flights: Vec<Flight>,
    /// Every answer that a caller was given.
    told: HashMap<KeyName, Answer>,
    recent: VecDeque<String>,
    tally: Tally,
}

impl Drop for Run {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for command in &self.recent {
                eprintln!("  {command}");
            }
        }
    }
}

fn render(rejection: &Rejection, request_id: &str) -> Answer {
    let body = serde_json::json!({"detail": rejection.to_string(), "request_id": request_id});
    Answer {
        status: 409,
        body: body.to_string().into_bytes(),
    }
}

impl Run {
    pub fn new(seed: u64) -> Self {
        let (clock, ambient) = dice::ambient(seed);
        let merchants: Vec<MerchantId> = (0..3).map(|_| ambient.id()).collect();
        let mut store = Store::default();
        for merchant in &merchants {
            store.add_merchant(*merchant);
            let watcher = crowd::endpoint(&serde_json::json!(["*"]), 0);
            let id = (*merchant, ambient.id());
            let watcher = watcher.create(id, None, ambient.now());
            store.endpoints.insert(id, watcher);
        }
        Self {
            dice: Dice::new(seed),
            clock,
            ambient,
            urls: PageUrls::new("https://pay.example", TokenKey::new([7; 32])),
            merchants,
            store,
            rail: ModelRail::default(),
            // In every other run each call crosses a network, so that answers can be lost, late and
            // repeated; in the others rails answer at once where they can.
            ask: if seed.is_multiple_of(2) {
                |_| None
            } else {
                Rail::answer_at_once
            },
            crowd: Crowd::default(),
            flights: Vec::new(),
            told: HashMap::new(),
            recent: VecDeque::new(),
            tally: Tally::default(),
        }
    }

    /// Plays so many batches and then lets everything come to an end.
    pub fn play(mut self, batches: usize) -> Tally {
        for _ in 0..batches {
            self.pass_time();
            let moves = self.gather();
            self.batch(moves);
            if self.dice.percent(3) {
                // The process dies: whatever it was about to write is never written by it.
                self.flights.clear();
            }
        }
        self.quiet();
        self.tally.completed_links = rules::completed_links(&self.store);
        self.tally.paid = rules::paid(&self.store);
        self.tally.refunds = self.store.refunds.len();
        self.tally
    }

    fn pass_time(&mut self) {
        let by = match self.dice.below(100) {
            0..70 => Duration::milliseconds(i64::try_from(self.dice.below(300)).unwrap()),
            70..95 => Duration::seconds(i64::try_from(self.dice.below(30)).unwrap()),
            95..99 => Duration::seconds(61),
            _ => Duration::hours(2),
        };
        self.clock.advance(by);
    }

    fn gather(&mut self) -> Vec<Move> {
        let size = 1 + self.dice.below(10);
        let mut moves = Vec::new();
        for _ in 0..size {
            match self.dice.below(100) {
                0..55 => moves.push(self.request()),
                55..90 => moves.extend(self.deliver()),
                90..94 => moves.extend(self.report()),
                94..97 => moves.extend(self.resolve()),
                _ => moves.extend(self.expire()),
            }
        }
        moves
    }

    fn request(&mut self) -> Move {
        let desk = Desk {
            store: &self.store,
            merchants: &self.merchants,
            now: self.ambient.now(),
        };
        Move::of(self.crowd.next(&desk, &mut self.dice))
    }

    /// An answer of the rail arrives: any of them, and sometimes not for the last time.
    fn deliver(&mut self) -> Option<Move> {
        if self.flights.is_empty() {
            return None;
        }
        let index = self.dice.below(self.flights.len());
        let flight = self.flights.swap_remove(index);
        if self.dice.percent(10) {
            let awaited = false;
            self.flights.push(Flight {
                awaited,
                ..flight.clone()
            });
        }
        let command = Command::Finish(flight.ticket.clone(), flight.answer);
        let submission = by_worker(flight.merchant, command);
        Some(Move {
            flight: Some(flight),
            ..Move::of(submission)
        })
    }

    /// Somebody reports an action or an outcome, often of an intent that waits for no such thing.
    fn report(&mut self) -> Option<Move> {
        let waits = |s: State| matches!(s, State::Processing(..) | State::RequiresAction(_));
        let rows = self.store.intents.iter();
        let open = rows.filter(|(_, intent)| waits(intent.state));
        let open: Vec<(MerchantId, IntentId)> = open.map(|(key, _)| *key).collect();
        let all: Vec<(MerchantId, IntentId)> = self.store.intents.keys().copied().collect();
        let from = if self.dice.percent(80) { open } else { all };
        let (merchant, intent) = self.dice.pick(&from)?;
        let awaited = [Awaited::Action, Awaited::Outcome];
        let answers = [
            RailAnswer::Succeeded,
            RailAnswer::Declined(DeclineCode::AuthenticationFailed),
        ];
        let awaited = self.dice.pick(&awaited)?;
        let answer = self.dice.pick(&answers)?;
        let reported = match self.store.intents[&(merchant, intent)].state {
            State::Processing(id, _) | State::RequiresAction(id) => Some((id, answer)),
            State::RequiresPayment
            | State::RequiresCapture
            | State::Succeeded
            | State::Canceled(_)
            | State::Expired => None,
        };
        let command = Command::Report(intent, awaited, answer);
        Some(Move {
            reported,
            ..Move::of(by_worker(merchant, command))
        })
    }

    /// The resolver asks the rail about everything that is due.
    fn resolve(&mut self) -> Vec<Move> {
        let now = self.ambient.now();
        let attempts = self.store.attempts.values();
        let due = attempts.filter(|attempt| attempt.ask_at.is_some_and(|at| at <= now));
        let due: Vec<_> = due.cloned().collect();
        let ask = |attempt: threadpay::intents::Attempt| {
            let intent = &self.store.intents[&(attempt.merchant, attempt.intent)];
            let ticket = Ticket::of(&attempt, intent.charge);
            let answer = self.rail.look_up(&ticket.call, &mut self.dice);
            let command = Command::Finish(ticket, answer);
            Move::of(by_worker(attempt.merchant, command))
        };
        due.into_iter().map(ask).collect()
    }

    /// The expirer ends what is overdue.
    fn expire(&mut self) -> Vec<Move> {
        let now = self.ambient.now();
        let intents = self.store.intents.iter().filter(|(_, intent)| {
            let open = matches!(
                intent.state,
                State::RequiresPayment | State::RequiresAction(_)
            );
            open && intent.expires_at() <= now
        });
        let intents = intents.map(|((merchant, id), _)| (*merchant, Command::ExpireIntent(*id)));
        let links = self.store.links.iter().filter(|(_, link)| {
            let over = link.expires_at().is_some_and(|at| at <= now);
            over && link.status == LinkStatus::Active
        });
        let links = links.map(|((merchant, id), _)| (*merchant, Command::ExpireLink(*id)));
        let commands: Vec<_> = intents.chain(links).collect();
        self.tally.expired += commands.len();
        let moved = |(merchant, command)| Move::of(by_worker(merchant, command));
        commands.into_iter().map(moved).collect()
    }

    fn batch(&mut self, moves: Vec<Move>) {
        for step in &moves {
            self.recent.push_back(format!("{:?}", step.submission));
        }
        self.recent.drain(..self.recent.len().saturating_sub(SHOWN));
        self.tally.commands += moves.len();
        let names = moves.iter().flat_map(|step| names(&step.submission));
        let mut world = self.store.world(names);
        let scene = Scene {
            now: self.ambient.now(),
            ambient: &self.ambient,
            urls: &self.urls,
            render,
            ask: self.ask,
        };
        let mut replies = Vec::new();
        for step in &moves {
            let before = (world.entries.len(), world.events.len());
            let reply = decide(&mut world, &step.submission, scene);
            let after = (world.entries.len(), world.events.len());
            if reply.is_err() {
                assert_eq!(before, after, "a rejection left something behind");
            }
            replies.push(reply);
        }
        if self.dice.percent(2) {
            // The database refuses the batch, or dies before the commit: nothing has happened.
            return;
        }
        rules::check_batch(&self.store, &world, scene.now);
        for (_, attempt) in world.attempts.made() {
            self.rail.hear(attempt);
        }
        let mut known: HashSet<KeyName> = self.store.keys.keys().cloned().collect();
        self.store.commit(world);
        rules::check_store(&self.store);
        for (step, reply) in moves.iter().zip(&replies) {
            // A report that was taken is the truth from then on.
            if let (Some((attempt, outcome)), Ok(_)) = (step.reported, reply) {
                self.rail.settle(attempt, outcome);
            }
        }
        if self.dice.percent(2) {
            // The connection broke after the commit: it has happened and nobody is told.
            return;
        }
        for (step, reply) in moves.into_iter().zip(replies) {
            self.tell(step, reply, &mut known);
        }
    }

    /// Gives a caller the reply, and holds it against what is known of the key.
    fn tell(&mut self, step: Move, reply: Result<Reply, Rejection>, known: &mut HashSet<KeyName>) {
        let Move {
            submission, flight, ..
        } = step;
        let merchant = submission.merchant;
        let name = submission
            .claim
            .as_ref()
            .map(|c| (merchant, c.key.as_str().to_owned()));
        match reply {
            Ok(Reply::Replay(answer)) => {
                self.tally.replays += 1;
                self.hear(name.unwrap(), &answer);
            }
            Ok(Reply::Answer(answer)) => {
                if let Some(name) = name {
                    assert!(known.insert(name.clone()), "{name:?} had two effects");
                    self.hear(name, &answer);
                } else if let Some(flight) = flight.filter(|flight| flight.awaited)
                    && let Some(key) = flight.ticket.key
                {
                    self.hear((merchant, key), &answer);
                }
            }
            Ok(Reply::Call(ticket)) => {
                if let Some(name) = name {
                    assert!(known.insert(name.clone()), "{name:?} had two effects");
                }
                self.call(merchant, ticket);
            }
            Err(Rejection::KeyInUse) => {
                assert!(known.contains(&name.unwrap()), "no request has this key");
            }
            Err(Rejection::KeyReused) => {
                let record = &self.store.keys[name.as_ref().unwrap()];
                assert_ne!(record.fingerprint, submission.claim.unwrap().fingerprint);
            }
            Err(Rejection::Ledger(error)) => panic!("the books refused: {error}"),
            Err(Rejection::Invalid(_) | Rejection::NotFound(_)) => {
                assert!(name.is_none_or(|name| !known.contains(&name)));
            }
            Err(Rejection::Intent(_) | Rejection::Link(_) | Rejection::Endpoint(_)) => {
                assert!(name.is_none());
            }
        }
    }

    /// A caller hears the answer of its key: always the same one, and the one that is kept.
    fn hear(&mut self, name: KeyName, answer: &Answer) {
        let text = |answer: &Answer| String::from_utf8_lossy(&answer.body).into_owned();
        let kept = self.store.keys[&name].answer.as_ref().unwrap();
        assert_eq!(text(kept), text(answer), "kept (left) and told, {name:?}");
        let before = self.told.entry(name).or_insert_with(|| answer.clone());
        assert_eq!(before, answer);
    }

    fn call(&mut self, merchant: MerchantId, ticket: Ticket) {
        if self.dice.percent(5) {
            // The process dies before it asks.
            return;
        }
        let lost = self.dice.percent(10);
        let answer = self.rail.send(&ticket.call, lost, &mut self.dice);
        self.flights.push(Flight {
            merchant,
            ticket,
            answer,
            awaited: true,
        });
    }

    /// No more requests: the resolver and the expirer run until nothing is left for them.
    fn quiet(&mut self) {
        self.flights.clear();
        for _ in 0..6 {
            self.clock.advance(Duration::minutes(61));
            let charges = self.store.attempts.values();
            let charges = charges.filter(|attempt| attempt.kind == CallKind::Charge);
            let charges: HashSet<_> = charges.map(|attempt| attempt.id).collect();
            self.rail
                .settle_pending(|attempt| !charges.contains(&attempt));
            let mut moves = self.resolve();
            moves.extend(self.expire());
            self.batch(moves);
        }
        let pending = |status| status == AttemptStatus::Pending;
        rules::check_end(&self.store, &self.rail, pending);
    }
}
