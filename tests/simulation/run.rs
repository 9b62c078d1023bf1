//! One run: moves played one after the other against one database, by two processes, one rail, and
//! any number of clients and receivers.

use super::{
    Tally,
    audit::Audit,
    clients::Clients,
    crowd,
    dice::{Dice, Nature, random_part},
    dispatch::{Dispatcher, Receivers},
    moves::{Act, Fate, Move, Worker},
    outbox::Outbox,
    planted::Bug,
    rail::ModelRail,
    store::Store,
    words,
    writers::{Call, Job, LANES, Lane, Process},
};
use std::cell::RefCell;
use threadpay::{
    base::{crypto::TokenKey, ids::MerchantId},
    domain::{
        idempotency::Answer,
        intents::State,
        links::{LinkStatus, PageUrls},
        rails::{DeclineCode, Rail, RailAnswer, RailFact},
    },
    writer::{AskAtOnce, Awaited, LinkCommand, MovementCommand, PaymentCommand, Rejection},
};
use time::Duration;

/// What was played, in words, where somebody wants to read it.
pub type Diary = RefCell<Vec<String>>;

#[derive(Debug)]
pub struct Run {
    pub nature: Nature,
    pub urls: PageUrls,
    pub merchants: Vec<MerchantId>,
    pub processes: [Process; 2],
    pub store: Store,
    pub outbox: Outbox,
    pub audit: Audit,
    pub rail: ModelRail,
    pub ask: AskAtOnce,
    pub clients: Clients,
    pub receivers: Receivers,
    pub bug: Option<Bug>,
    /// Commands of workers so far, which names the next.
    pub worked: u64,
    pub tally: Tally,
    diary: Option<std::rc::Rc<Diary>>,
}

/// Prints a rejection as a problem; it names the request, as the real one does.
pub fn render(rejection: &Rejection, request_id: &str) -> Answer {
    let body = serde_json::json!({"detail": rejection.to_string(), "request_id": request_id});
    Answer {
        status: 409,
        body: body.to_string().into_bytes(),
    }
}

impl Run {
    pub fn new(seed: u64, bug: Option<Bug>, diary: Option<std::rc::Rc<Diary>>) -> Self {
        let mut dice = Dice::new(seed);
        let nature = Nature::new(seed);
        nature.turn_to(&[seed]);
        let processes = [0, 1].map(|at| {
            let (clock, ambient) = nature.process();
            Process {
                clock,
                lanes: (0..LANES[at]).map(|_| Lane::default()).collect(),
                calls: Vec::new(),
                dispatcher: Dispatcher::new(ambient.id()),
                ambient,
            }
        });
        let ambient = processes[0].ambient.clone();
        let count = 1 + dice.below(3);
        let merchants: Vec<MerchantId> = (0..count).map(|_| ambient.id()).collect();
        let mut store = Store::default();
        for merchant in &merchants {
            store.add_merchant(*merchant);
            let id = (*merchant, ambient.id());
            let watcher = crowd::endpoint("*", "intent", 0).create(id, None, ambient.now());
            store.watchers.insert(id.1);
            store.endpoints.insert(id, watcher);
        }
        Self {
            nature,
            urls: PageUrls::new("https://pay.example", TokenKey::new([7; 32])),
            merchants,
            processes,
            store,
            outbox: Outbox::default(),
            audit: Audit::default(),
            rail: ModelRail::new(seed),
            // In half of all runs each call crosses a network, so that answers can be lost, late
            // and repeated; in the others rails answer at once where they can.
            ask: if dice.percent(50) {
                |_| None
            } else {
                Rail::answer_at_once
            },
            clients: Clients::default(),
            receivers: Receivers::default(),
            bug,
            worked: 0,
            tally: Tally::default(),
            diary,
        }
    }

    /// Writes a line into the diary, if there is one.
    pub fn note(&self, line: impl FnOnce() -> String) {
        if let Some(diary) = &self.diary {
            diary.borrow_mut().push(format!("       {}", line()));
        }
    }

    /// An id that only chance knows.
    pub fn nature_id(&self) -> uuid::Uuid {
        self.processes[0].ambient.id()
    }

    /// Plays one move.
    pub fn play(&mut self, step: &Move) {
        if let Some(diary) = &self.diary {
            diary.borrow_mut().push(words::of_move(step));
        }
        self.tally.count("moves", 1);
        self.nature.turn_to(&[step.chance]);
        self.nature.pass(Duration::milliseconds(1));
        let mut dice = Dice::new(step.chance);
        match step.act {
            Act::Ask { at } => self.ask(at, step.serial, &mut dice),
            Act::Again { at, other } => {
                if let Some(job) = self.clients.again(other, &self.store, &mut dice) {
                    self.note(|| words::of_job(&job));
                    self.submit(at, job);
                }
            }
            Act::Work { lane, until } => {
                let stage = self.work(lane, until);
                self.note(|| format!("it has come to {stage:?}"));
            }
            Act::Rail(fate) => self.rail_answers(fate, &mut dice),
            Act::Happen => {
                let what = self.rail.happen(&self.store, &self.merchants, &mut dice);
                self.note(|| what);
            }
            Act::Ring { at } => {
                if let Some((merchant, fact)) = self.rail.ring(&self.store, &mut dice) {
                    self.tally.count("facts told without being asked", 1);
                    self.learn(at, merchant, fact);
                }
            }
            Act::Report { at } => {
                if let Some(job) = self.report(&mut dice) {
                    self.submit(at, job);
                }
            }
            Act::Tick { at, worker } => self.tick(at, worker, step.chance),
            Act::Land { at, most } => {
                let count = self.land(at, most, &mut dice);
                self.note(|| format!("{count} did"));
            }
            Act::Mood => {
                let changed = self.change_mood(&mut dice);
                self.note(|| format!("{changed:?}"));
            }
            Act::Crash { at } => self.crash(at),
            Act::Cut { lane, committed } => {
                let what = self.cut(lane, committed);
                self.note(|| what.to_owned());
            }
            Act::Refuse { lane } => {
                let what = self.refuse(lane);
                self.note(|| what.to_owned());
            }
            Act::Pass(by) => self.nature.pass(by),
            Act::Set { at, off } => self.processes[at].clock.set_off(off),
        }
    }

    fn ask(&mut self, at: usize, serial: u32, dice: &mut Dice) {
        let desk = crowd::Desk {
            store: &self.store,
            outbox: &self.outbox,
            merchants: &self.merchants,
            now: self.processes[at].ambient.now(),
            reference: format!("request-{serial}"),
        };
        let request = crowd::request(&desk, dice);
        let job = self.clients.ask(serial, request, dice);
        self.note(|| words::of_job(&job));
        self.submit(at, job);
    }

    /// A call comes to an end: its answer goes to the process that made it.
    fn rail_answers(&mut self, fate: Fate, dice: &mut Dice) {
        let processes = self.processes.iter().enumerate();
        let calls = processes.flat_map(|(at, process)| {
            let calls = process.calls.iter().enumerate();
            calls.map(move |(index, call)| (at, index, call.asked.attempt))
        });
        let call = dice.prefer(calls, |(_, _, attempt)| random_part(attempt.0));
        if let Some((at, index, _)) = call {
            let call = self.processes[at].calls.swap_remove(index);
            if matches!(fate, Fate::Twice) {
                // Whoever waits is answered once.
                let request = None;
                self.processes[at].calls.push(Call {
                    request,
                    ..call.clone()
                });
            }
            self.finish(at, &call, matches!(fate, Fate::Lost));
        }
    }

    pub fn finish(&mut self, at: usize, call: &Call, lost: bool) {
        let fact = self.rail.send(&call.asked, lost);
        let command = MovementCommand::Learn(Box::new(fact)).into();
        let job = Job {
            request: call.request,
            ..self.by_worker(call.merchant, command)
        };
        self.submit(at, job);
    }

    /// A fact that somebody heard goes to a process.
    pub fn learn(&mut self, at: usize, merchant: MerchantId, fact: RailFact) {
        let command = MovementCommand::Learn(Box::new(fact)).into();
        let job = self.by_worker(merchant, command);
        self.note(|| words::of_job(&job));
        self.submit(at, job);
    }

    /// Somebody reports an action or an outcome, often of an intent that waits for no such thing.
    fn report(&mut self, dice: &mut Dice) -> Option<Job> {
        let waits = |s: State| matches!(s, State::Processing(..) | State::RequiresAction(_));
        let all = dice.percent(20);
        let rows = self.store.intents.values();
        let rows = rows.filter(|intent| all || waits(intent.state));
        let intent = dice.prefer(rows, |intent| random_part(intent.id.0))?;
        let (merchant, intent) = (intent.merchant, intent.id);
        let awaited = dice.pick(&[Awaited::Action, Awaited::Outcome])?;
        let answer = dice.pick(&[
            RailAnswer::Succeeded,
            RailAnswer::Declined(DeclineCode::AuthenticationFailed),
        ])?;
        Some(self.by_worker(
            merchant,
            PaymentCommand::Report(intent, awaited, answer).into(),
        ))
    }

    fn tick(&mut self, at: usize, worker: Worker, turn: u64) {
        let now = self.processes[at].ambient.now();
        let count = match worker {
            Worker::Resolve => self.resolve(at),
            Worker::Expire => self.expire(at),
            Worker::Dispatch => self.dispatch(at, turn),
            Worker::Settle => self.outbox.settle(&self.store, now),
            Worker::Replay => {
                let ambient = self.processes[at].ambient.clone();
                usize::from(self.outbox.replay(&self.store, now, || ambient.id()))
            }
        };
        self.note(|| format!("it found {count}"));
    }

    /// The resolver asks the rail about everything that is due.
    pub fn resolve(&mut self, at: usize) -> usize {
        let now = self.processes[at].ambient.now();
        let attempts = self.store.attempts.values();
        let due = attempts.filter(|attempt| {
            let now = now + self.store.ahead(attempt.merchant);
            attempt.ask_at.is_some_and(|at| at <= now)
        });
        let due: Vec<_> = due.cloned().collect();
        for attempt in &due {
            let intent = &self.store.intents[&(attempt.merchant, attempt.intent)];
            let fact = self.rail.look_up(&attempt.call(intent.charge));
            self.learn(at, attempt.merchant, fact);
        }
        due.len()
    }

    /// The expirer ends what is overdue.
    pub fn expire(&mut self, at: usize) -> usize {
        let now = self.processes[at].ambient.now();
        let intents = self.store.intents.iter().filter(|(_, intent)| {
            let open = matches!(
                intent.state,
                State::RequiresPayment | State::RequiresAction(_)
            );
            open && intent.expires_at() <= now + self.store.ahead(intent.merchant)
        });
        let intents =
            intents.map(|((merchant, id), _)| (*merchant, PaymentCommand::Expire(*id).into()));
        let links = self.store.links.iter().filter(|(_, link)| {
            let now = now + self.store.ahead(link.merchant);
            let over = link.expires_at().is_some_and(|at| at <= now);
            over && link.status == LinkStatus::Active
        });
        let links = links.map(|((merchant, id), _)| (*merchant, LinkCommand::Expire(*id).into()));
        let commands: Vec<_> = intents.chain(links).collect();
        let count = commands.len();
        self.tally.count("expiries", count);
        for (merchant, command) in commands {
            let job = self.by_worker(merchant, command);
            self.submit(at, job);
        }
        count
    }
}
