//! Two processes that write for the same merchants, and how their lanes take a batch from its
//! first lock to its last reply: a stage at a time, so that everything else may come between.

use super::{
    clients::Serial,
    dice::HandClock,
    dispatch::Dispatcher,
    planted::Bug,
    rules,
    run::{Run, render},
};
use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};
use threadpay::{
    base::{
        ambient::Ambient,
        ids::{AttemptId, MerchantId},
    },
    domain::{
        intents::State,
        rails::{RailAnswer, RailCall},
    },
    writer::{
        Command, Context, EndpointCommand, Outside, PaymentCommand, Rejection, Reply, Submission,
        World, decide,
    },
};
use time::OffsetDateTime;

/// Lanes of each process. One has another number than the other, so that batches of several
/// merchants meet in every way.
pub const LANES: [usize; 2] = [2, 1];
/// Most commands in a batch.
const BATCH_MAX: usize = 256;

/// Which lane, of which process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LaneName {
    pub process: usize,
    pub number: usize,
}

/// How far a lane's batch has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It takes the locks of its books, or waits for one.
    Locking,
    /// It has all of them.
    Locked,
    /// Its commands are decided, on what was loaded.
    Decided,
    /// It is durable.
    Committed,
    /// Everyone has been told; the lane waits for commands.
    Idle,
}

/// A command on its way, and why it is.
#[derive(Clone, Debug)]
pub struct Job {
    pub submission: Submission,
    /// The request that waits for the answer, if one does.
    pub request: Option<Serial>,
    /// Whether it is another request under a key that is taken.
    pub other: bool,
    /// The attempt that a report is about, and what became of it.
    pub reported: Option<(AttemptId, RailAnswer)>,
    /// Names what chance gives it.
    pub chance: [u64; 2],
}

/// Commands that a lane decides together.
#[derive(Debug)]
pub struct Batch {
    pub jobs: Vec<Job>,
    /// Whose books it locks, in this order,
    merchants: Vec<MerchantId>,
    /// and how many of them it has.
    held: usize,
    pub world: World,
    pub replies: Vec<Result<Reply, Rejection>>,
    pub now: OffsetDateTime,
}

#[derive(Debug, Default)]
pub struct Lane {
    pub queue: VecDeque<Job>,
    /// So many of the next commands are written each on its own.
    pub alone: usize,
    pub batch: Option<(Stage, Batch)>,
}

impl Lane {
    fn stage(&self) -> Stage {
        self.batch.as_ref().map_or(Stage::Idle, |(stage, _)| *stage)
    }

    /// The merchant whose lock it waits for or takes next.
    fn wants(&self) -> Option<MerchantId> {
        let (Stage::Locking, batch) = self.batch.as_ref()? else {
            return None;
        };
        batch.merchants.get(batch.held).copied()
    }
}

/// A call that the rail has been sent and has not answered.
#[derive(Clone, Debug)]
pub struct Call {
    pub merchant: MerchantId,
    pub asked: RailCall,
    pub request: Option<Serial>,
}

#[derive(Debug)]
pub struct Process {
    pub clock: Arc<HandClock>,
    pub ambient: Ambient,
    pub lanes: Vec<Lane>,
    pub calls: Vec<Call>,
    pub dispatcher: Dispatcher,
}

/// The attempt that a report is about, where its intent waits for one.
fn reported(world: &World, submission: &Submission) -> Option<(AttemptId, RailAnswer)> {
    let Command::Payment(PaymentCommand::Report(intent, _, answer)) = &submission.command else {
        return None;
    };
    match world.intents.get(&(submission.merchant, *intent))?.state {
        State::Processing(id, _) | State::RequiresAction(id) => Some((id, *answer)),
        State::RequiresPayment
        | State::RequiresCapture
        | State::Succeeded
        | State::Canceled(_)
        | State::Expired => None,
    }
}

impl Run {
    /// Puts a command into the queue of its merchant's lane.
    pub fn submit(&mut self, at: usize, job: Job) {
        let lanes = &mut self.processes[at].lanes;
        let count = u128::try_from(lanes.len()).unwrap();
        let number = usize::try_from(job.submission.merchant.0.as_u128() % count).unwrap();
        lanes[number].queue.push_back(job);
    }

    pub fn lane(&mut self, name: LaneName) -> &mut Lane {
        &mut self.processes[name.process].lanes[name.number]
    }

    /// A lane works until its batch has come to `until`, or has to wait for another's lock. It
    /// begins a batch only if it has none.
    pub fn work(&mut self, name: LaneName, until: Stage) -> Stage {
        if self.lane(name).stage() == Stage::Idle {
            self.gather(name);
            // So that it can be stopped when it has some of its locks.
            self.advance(name);
        }
        while self.lane(name).stage() < until && self.advance(name) {}
        self.lane(name).stage()
    }

    fn gather(&mut self, name: LaneName) {
        let lane = self.lane(name);
        let most = if lane.alone > 0 { 1 } else { BATCH_MAX };
        lane.alone = lane.alone.saturating_sub(1);
        let jobs: Vec<Job> = lane.queue.drain(..lane.queue.len().min(most)).collect();
        if jobs.is_empty() {
            return;
        }
        let merchants = jobs.iter().map(|job| job.submission.merchant);
        let sorted: BTreeSet<MerchantId> = merchants.clone().collect();
        let mut batch = Batch {
            merchants: sorted.into_iter().collect(),
            held: 0,
            world: World::default(),
            replies: Vec::new(),
            now: self.nature.now(),
            jobs,
        };
        if self.bug == Some(Bug::LocksInAnyOrder) && name.process == 1 {
            batch.merchants.reverse();
        }
        if self.bug == Some(Bug::LoadsBeforeLock) {
            self.load(&mut batch);
        }
        self.lane(name).batch = Some((Stage::Locking, batch));
    }

    /// Brings a lane's batch one stage on; false if it must wait.
    fn advance(&mut self, name: LaneName) -> bool {
        let Some((stage, mut batch)) = self.lane(name).batch.take() else {
            return false;
        };
        let next = match stage {
            Stage::Locking => self.lock(name, &mut batch),
            Stage::Locked => {
                self.decide(name.process, &mut batch);
                Some(Stage::Decided)
            }
            Stage::Decided => {
                self.commit(name, &mut batch);
                Some(Stage::Committed)
            }
            Stage::Committed | Stage::Idle => {
                if self.bug != Some(Bug::TellsTooEarly) {
                    self.tell_all(name.process, &batch.jobs, &batch.replies);
                }
                return true;
            }
        };
        self.lane(name).batch = Some((next.unwrap_or(stage), batch));
        if next.is_none() {
            self.tally.count("waits for a lock", 1);
            self.check_nobody_waits_in_a_circle(name);
        }
        next.is_some()
    }

    /// Takes the next lock, if it is free: Postgres locks one row after the other.
    fn lock(&mut self, name: LaneName, batch: &mut Batch) -> Option<Stage> {
        let merchant = batch.merchants.get(batch.held)?;
        if self.store.locks.contains_key(merchant) {
            return None;
        }
        self.store.locks.insert(*merchant, name);
        batch.held += 1;
        let all = batch.held == batch.merchants.len();
        Some(if all { Stage::Locked } else { Stage::Locking })
    }

    fn load(&self, batch: &mut Batch) {
        for merchant in &batch.merchants {
            let head = self.store.head(*merchant);
            batch.world.books.insert(*merchant, head);
        }
        let submissions = batch.jobs.iter().map(|job| &job.submission);
        self.store.load(&mut batch.world, submissions);
        if self.bug == Some(Bug::ForgetsKeys) {
            batch.world.keys = threadpay::writer::World::default().keys;
        }
    }

    fn decide(&mut self, at: usize, batch: &mut Batch) {
        if self.bug != Some(Bug::LoadsBeforeLock) {
            self.load(batch);
        }
        let ambient = self.processes[at].ambient.clone();
        // Postgres' time, whatever this process's clock shows.
        batch.now = self.nature.now();
        let outside = Outside {
            now: batch.now,
            ambient: &ambient,
        };
        let context = Context {
            now: outside.now,
            ambient: outside.ambient,
            outside,
            urls: &self.urls,
            render,
            ask: self.ask,
        };
        for job in &mut batch.jobs {
            self.nature.turn_to(&job.chance);
            job.reported = reported(&batch.world, &job.submission);
            let before = (batch.world.entries.len(), batch.world.events.len());
            let reply = decide(&mut batch.world, &job.submission, context);
            let after = (batch.world.entries.len(), batch.world.events.len());
            if let Err(rejection) = &reply {
                assert_eq!(
                    before, after,
                    "a rejection left something behind: {rejection}"
                );
            }
            batch.replies.push(reply);
        }
        if self.bug == Some(Bug::BooksTwice) {
            super::planted::book_twice(&mut batch.world);
        }
        if self.bug == Some(Bug::TellsTooEarly) {
            self.tell_all(at, &batch.jobs, &batch.replies.clone());
        }
    }

    pub fn commit(&mut self, name: LaneName, batch: &mut Batch) {
        let mut world = std::mem::take(&mut batch.world);
        rules::check_replies(&self.store, &world, batch);
        rules::check_batch(&self.store, &world, batch.now);
        if self.bug == Some(Bug::LosesBalances) && name.process == 1 {
            world.rebalanced.clear();
        }
        for (_, attempt) in world.attempts.made() {
            self.rail.hear(attempt);
        }
        self.audit.take(&world);
        self.outbox.take(&world);
        let touched = rules::Touched::of(&world);
        self.store.commit(world);
        self.audit.check_books(&self.store, &batch.merchants);
        touched.check(&self.store, &self.audit);
        for (job, reply) in batch.jobs.iter().zip(&batch.replies) {
            // A report that was taken is the truth from then on.
            if let (Some((attempt, outcome)), Ok(_)) = (job.reported, reply) {
                self.rail.settle(attempt, outcome);
            }
        }
        self.tally.count("commands", batch.jobs.len());
        self.unlock(name);
    }

    pub fn unlock(&mut self, name: LaneName) {
        self.store.locks.retain(|_, holder| *holder != name);
    }

    fn tell_all(&mut self, at: usize, jobs: &[Job], replies: &[Result<Reply, Rejection>]) {
        for (job, reply) in jobs.iter().zip(replies) {
            self.note(|| {
                format!(
                    "{} -> {}",
                    super::words::of_job(job),
                    super::words::of_reply(reply)
                )
            });
            if let Ok(Reply::Call(call)) = reply {
                self.processes[at].calls.push(Call {
                    merchant: job.submission.merchant,
                    asked: call.clone(),
                    request: job.request,
                });
            } else {
                self.clients.hear(job, reply, &self.store);
            }
            self.count(job, reply);
        }
    }

    fn count(&mut self, job: &Job, reply: &Result<Reply, Rejection>) {
        let what = match (&job.submission.command, reply) {
            (_, Ok(Reply::Replay(_))) => "answers given again",
            (_, Err(Rejection::KeyInUse)) => "requests that still run elsewhere",
            (_, Err(Rejection::KeyReused)) => "keys used for something else",
            (Command::Endpoint(EndpointCommand::Disable(_, _)), Ok(_)) => "endpoints given up",
            _ => return,
        };
        self.tally.count(what, 1);
    }

    /// Locks are taken in one order, so whoever waits, waits for one who goes on.
    fn check_nobody_waits_in_a_circle(&self, start: LaneName) {
        let mut name = start;
        loop {
            let lane = &self.processes[name.process].lanes[name.number];
            let holder = lane
                .wants()
                .and_then(|wanted| self.store.locks.get(&wanted));
            match holder {
                None => return,
                Some(holder) => name = *holder,
            }
            assert_ne!(name, start, "lanes wait for each other in a circle");
        }
    }

    /// A command that no client waits for.
    pub fn by_worker(&mut self, merchant: MerchantId, command: Command) -> Job {
        self.worked += 1;
        Job {
            submission: Submission {
                merchant,
                actor: threadpay::base::actor::Actor::Operator,
                command,
                claim: None,
                request_id: String::new(),
                bytes: 0,
            },
            request: None,
            other: false,
            reported: None,
            chance: [u64::MAX, self.worked],
        }
    }
}
