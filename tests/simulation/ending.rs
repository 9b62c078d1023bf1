//! How a run ends: everything heals, everyone who has no answer asks again, and all that waits
//! must come to an end. Then the clients' logs are held against the store.

use super::{
    Tally,
    clients::{Request, name},
    crowd,
    dice::{Dice, random_part},
    dispatch::Mood,
    rules::Touched,
    run::Run,
    truth,
    writers::{LANES, LaneName, Stage},
};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use threadpay::{
    base::ids::MerchantId,
    domain::{
        callbacks::{DeliveryStatus, EndpointStatus},
        idempotency::store::KeyName,
        intents::{Attempt, AttemptStatus, State},
        links::LinkStatus,
        movements::{Action, Decided, MovementStatus},
        rails::CallKind,
    },
    writer::{Command, LinkCommand, MovementCommand, PaymentCommand, PostingCommand},
};
use time::Duration;

/// So many rounds of everything are enough for all to come to an end.
const ROUNDS: usize = 2_000;

impl Run {
    /// Brings the run to its end and checks all of it.
    pub fn end(mut self) -> Tally {
        self.note(|| "and then all heals, and everyone asks again".to_owned());
        self.heal();
        self.settle_payments();
        for job in self.clients.all_again() {
            self.submit(1, job);
        }
        self.decide_about_money();
        self.settle_payments();
        self.settle_callbacks();
        let merchants = self.merchants.clone();
        self.audit.check_books(&self.store, &merchants);
        Touched::all(&self.store).check(&self.store, &self.audit);
        truth::check_end(&self.store, &self.rail);
        self.check_clients();
        self.check_entries();
        self.check_clocks();
        self.check_arrived();
        let movements = self.store.movements.values();
        let resolved = movements.filter(|m| m.status() == MovementStatus::Resolved);
        self.tally.count("movements", self.store.movements.len());
        self.tally.count("movements resolved", resolved.count());
        let (intents, links) = (self.store.intents.values(), self.store.links.values());
        let paid = intents.filter(|intent| intent.state == State::Succeeded);
        let full = links.filter(|link| link.status == LinkStatus::Completed);
        self.tally.count("intents paid", paid.count());
        self.tally.count("completed links", full.count());
        self.tally.count("refunds", self.store.refunds.len());
        self.tally.count("replays", self.outbox.replays.len());
        self.tally
    }

    /// Both processes are started anew, with clocks that are right. Who is dead stays dead.
    fn heal(&mut self) {
        for at in 0..LANES.len() {
            self.crash(at);
            self.processes[at].clock.set_off(Duration::ZERO);
        }
        for mood in self.receivers.moods.values_mut() {
            *mood = Mood::Well;
        }
    }

    /// The lanes work until none has anything to do.
    fn work_all(&mut self) {
        for (process, lanes) in LANES.iter().enumerate() {
            for number in 0..*lanes {
                let name = LaneName { process, number };
                while !self.processes[process].lanes[number].queue.is_empty() {
                    self.work(name, Stage::Idle);
                }
            }
        }
    }

    /// The resolver and the expirer run, and the rail answers, until nothing is left for them.
    fn settle_payments(&mut self) {
        for _ in 0..6 {
            self.work_all();
            for at in 0..LANES.len() {
                for call in std::mem::take(&mut self.processes[at].calls) {
                    self.finish(at, &call, false);
                }
            }
            self.work_all();
            self.nature.pass(Duration::minutes(61));
            let charges = self.store.attempts.values();
            let charges = charges.filter(|attempt| attempt.kind == CallKind::Charge);
            let charges: HashSet<_> = charges.map(|attempt| attempt.id).collect();
            self.rail
                .settle_pending(|attempt| !charges.contains(&attempt));
            for (merchant, fact) in self.rail.ring_all(&self.store) {
                self.learn(0, merchant, fact);
            }
            self.work_all();
            self.resolve(0);
            self.expire(1);
            self.work_all();
        }
    }

    /// Somebody decides about most of what is in suspense, as is proposed.
    fn decide_about_money(&mut self) {
        let open = self.store.movements.values();
        let open =
            open.filter(|m| m.resolution.is_none() && !random_part(m.id.0).is_multiple_of(4));
        let decisions: Vec<_> = open
            .map(|movement| {
                let action = match movement.proposal() {
                    Action::Assign => Action::Keep,
                    action @ (Action::Accept | Action::Refund | Action::Keep) => action,
                };
                let decided = Decided {
                    action,
                    intent: None,
                    reason: None,
                };
                let command = MovementCommand::Resolve(movement.id, decided);
                (movement.merchant, command.into())
            })
            .collect();
        for (merchant, command) in decisions {
            let job = self.by_worker(merchant, command);
            self.submit(0, job);
        }
    }

    /// What is disabled is enabled, what was given up is sent again, and the dispatcher runs until
    /// nothing is owed.
    fn settle_callbacks(&mut self) {
        let disabled = self.store.endpoints.values();
        let disabled = disabled.filter(|e| e.status == EndpointStatus::Disabled);
        let disabled = disabled.filter(|e| e.deleted_at.is_none());
        let commands: Vec<(MerchantId, Command)> = disabled
            .map(|endpoint| (endpoint.merchant, crowd::enable(endpoint.id)))
            .collect();
        for (merchant, command) in commands {
            let job = self.by_worker(merchant, command);
            self.submit(0, job);
        }
        self.work_all();
        let given_up = self.outbox.rows.iter();
        let given_up = given_up.filter(|(_, row)| row.status == DeliveryStatus::Exhausted);
        let given_up: Vec<_> = given_up.map(|(place, _)| *place).collect();
        for place in given_up {
            self.outbox.send_again(place, self.nature.now());
        }
        let mut dice = Dice::new(0);
        for _ in 0..ROUNDS {
            let now = self.nature.now();
            let ambient = self.processes[0].ambient.clone();
            let replayed = self.outbox.replay(&self.store, now, || ambient.id());
            let settled = self.outbox.settle(&self.store, now);
            let claimed = self.dispatch(0, dice.roll());
            self.land(0, usize::MAX, &mut dice);
            if claimed > 0 || settled > 0 || replayed {
                continue;
            }
            let Some(next) = self.outbox.open().map(|(_, row)| row.due_at).min() else {
                return;
            };
            let wait = (next - now).clamp(Duration::minutes(1), Duration::days(1));
            self.nature.pass(wait);
        }
        let open: Vec<_> = self.outbox.open().collect();
        panic!("deliveries that never come to an end: {open:?}");
    }

    /// Every effect that a client was told of is there once, and none is there that has no answer.
    fn check_clients(&self) {
        let mut attempts: BTreeMap<KeyName, Vec<&Attempt>> = BTreeMap::new();
        for attempt in self.store.attempts.values() {
            if let Some(key) = &attempt.idempotency_key {
                let name = (attempt.merchant, key.clone());
                assert!(
                    self.store.keys.contains_key(&name),
                    "{attempt:?} has no request"
                );
                attempts.entry(name).or_default().push(attempt);
            }
        }
        let mut made: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for intent in self.store.intents.values() {
            // One that was paid through a link bears the link's reference.
            if let (Some(reference), None) =
                (&intent.terms.details.reference, intent.terms.payment_link)
            {
                made.entry(reference)
                    .or_default()
                    .push(intent.id.to_string());
            }
        }
        for link in self.store.links.values() {
            if let Some(reference) = &link.terms.details.reference {
                made.entry(reference).or_default().push(link.id.to_string());
            }
        }
        for (reference, ids) in &made {
            assert_eq!(ids.len(), 1, "{reference} was made more than once");
        }
        for request in self.clients.requests.values() {
            let Some(name) = name(&request.submission) else {
                continue;
            };
            let attempts = attempts.get(&name).map_or(&[][..], Vec::as_slice);
            assert!(
                attempts.len() <= 1,
                "{name:?} asked the rail for more than one thing"
            );
            let reference = format!("request-{}", request.serial);
            check_request(
                request,
                attempts.first().copied(),
                made.get(reference.as_str()),
            );
        }
    }

    /// No two clients were told of the same move of a clock, and none of one that was not made.
    fn check_clocks(&self) {
        let mut told = HashSet::new();
        for request in self.clients.requests.values() {
            let heard = request.heard.as_ref().filter(|answer| answer.status == 200);
            if let (Command::Clock(_), Some(answer)) = (&request.submission.command, heard) {
                let body: Value = serde_json::from_slice(&answer.body).unwrap();
                let (merchant, ahead) = (request.submission.merchant, &body["offset_seconds"]);
                let ahead = ahead.as_i64().unwrap();
                assert!(
                    told.insert((merchant, ahead)),
                    "{request:?} was told to two"
                );
                let stands = self.store.ahead(merchant).whole_seconds();
                assert!(ahead <= stands, "{request:?} and {stands} s");
            }
        }
    }

    /// Each entry by hand that a client was told of is there once, and there are no others but
    /// those for which nobody could ask again.
    fn check_entries(&self) {
        let entries = self.store.entries.values();
        let by_hand = entries.filter(|entry| entry.kind == "adjustment");
        let mut by_hand: HashSet<String> = by_hand.map(|entry| entry.id.to_string()).collect();
        let requests = self.clients.requests.values();
        let posts = requests.filter(|r| {
            matches!(
                r.submission.command,
                Command::Posting(PostingCommand::Post(_))
            )
        });
        let mut without_key = 0;
        for request in posts {
            if let Some(answer) = &request.heard {
                let body: Value = serde_json::from_slice(&answer.body).unwrap();
                let there = by_hand.remove(body["id"].as_str().unwrap());
                assert!(there, "{request:?} was booked with another, or not at all");
            } else {
                without_key += usize::from(request.submission.claim.is_none());
            }
        }
        assert!(
            by_hand.len() <= without_key,
            "{by_hand:?} were booked twice"
        );
    }
}

/// One request with a key, when all has come to an end.
fn check_request(request: &Request, attempt: Option<&Attempt>, made: Option<&Vec<String>>) {
    let Some(answer) = &request.heard else {
        assert!(request.refused, "{request:?} never got an answer");
        assert!(
            attempt.is_none() && made.is_none(),
            "{request:?} was refused and done"
        );
        return;
    };
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let done = answer.status < 300;
    let id = body["id"].as_str().unwrap_or_default().to_owned();
    match &request.submission.command {
        Command::Payment(PaymentCommand::Create(_)) | Command::Link(LinkCommand::Create(_)) => {
            assert!(done, "{request:?}");
            assert_eq!(made, Some(&vec![id]), "what was told and what is there");
        }
        Command::Payment(PaymentCommand::Confirm(..) | PaymentCommand::Capture(..))
        | Command::Link(LinkCommand::Pay(..)) => {
            let failed = attempt.is_none_or(|a| a.status == AttemptStatus::Failed);
            let told_early =
                attempt.is_some_and(|a| !a.is_final()) || body["status"] != "succeeded";
            assert!(
                done != failed || told_early,
                "{request:?} came to {attempt:?}"
            );
        }
        Command::Payment(PaymentCommand::Refund(..)) => {
            let refund = attempt.and_then(|attempt| attempt.refund);
            let there = refund.map(|refund| refund.to_string());
            assert_eq!(
                there,
                done.then_some(id),
                "the refund that was told (right)"
            );
        }
        // `check_entries` and `check_clocks` look at all of them.
        Command::Posting(PostingCommand::Post(_))
        | Command::Movement(_)
        | Command::Endpoint(_)
        | Command::Statement(_)
        | Command::RailAccount(_)
        | Command::RailEvent(_)
        | Command::Settlement(_)
        | Command::Clock(_)
        | Command::Payment(
            PaymentCommand::GiveUp(..)
            | PaymentCommand::Cancel(..)
            | PaymentCommand::Report(..)
            | PaymentCommand::Expire(_),
        )
        | Command::Link(LinkCommand::Deactivate(_) | LinkCommand::Expire(_)) => {}
    }
}
