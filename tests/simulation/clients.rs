//! What clients asked for and what they heard: each remembers its requests, asks again under the
//! same key where it has no answer, and holds every answer against the first.

use super::{dice::Dice, store::Store, writers::Job};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use threadpay::{
    base::ids::MerchantId,
    domain::idempotency::{Answer, Claim, Fingerprint, store::KeyName},
    writer::{Command, Rejection, Reply, Submission},
};

/// Names a request: the move that made it.
pub type Serial = u32;

/// One request, however often it is sent.
#[derive(Clone, Debug)]
pub struct Request {
    pub serial: Serial,
    pub submission: Submission,
    /// How often it was sent.
    sent: u64,
    /// The first answer.
    pub heard: Option<Answer>,
    /// Whether it was told that it cannot be taken as it is, which no key keeps.
    pub refused: bool,
}

#[derive(Debug, Default)]
pub struct Clients {
    pub requests: BTreeMap<Serial, Request>,
    names: BTreeSet<KeyName>,
}

/// The name of a submission's key.
pub fn name(submission: &Submission) -> Option<KeyName> {
    let claim = submission.claim.as_ref()?;
    Some((submission.merchant, claim.key.as_str().to_owned()))
}

impl Clients {
    /// Sends a new request.
    pub fn ask(
        &mut self,
        serial: Serial,
        (merchant, command): (MerchantId, Command),
        dice: &mut Dice,
    ) -> Job {
        let claim = dice.percent(92).then(|| Claim {
            key: self.key(serial, merchant, dice).parse().unwrap(),
            fingerprint: Fingerprint::of("POST", &format!("{command:?}"), &json!(null)),
        });
        let submission = Submission {
            merchant,
            actor: threadpay::base::actor::Actor::Operator,
            command,
            claim,
            request_id: format!("req-{serial}"),
            bytes: 0,
        };
        self.names.extend(name(&submission));
        let request = Request {
            serial,
            submission,
            sent: 0,
            heard: None,
            refused: false,
        };
        self.requests.insert(serial, request);
        self.send(serial)
    }

    /// A key of its own among the merchant's, and now and then one that another merchant uses.
    fn key(&self, serial: Serial, merchant: MerchantId, dice: &mut Dice) -> String {
        let own = format!("key-{serial}");
        if !dice.percent(10) {
            return own;
        }
        let others = self.names.iter().filter(|(owner, _)| *owner != merchant);
        let mut free = others.filter(|(_, key)| !self.names.contains(&(merchant, key.clone())));
        free.next_back().map_or(own, |(_, key)| key.clone())
    }

    fn send(&mut self, serial: Serial) -> Job {
        let request = self.requests.get_mut(&serial).unwrap();
        request.sent += 1;
        let mut submission = request.submission.clone();
        submission.request_id = format!("req-{serial}-{}", request.sent);
        Job {
            submission,
            request: Some(serial),
            other: false,
            reported: None,
            chance: [u64::from(serial), request.sent],
        }
    }

    /// Sends a request with a key once more: mostly one that has no answer yet. Where the key is
    /// taken it may be another request under the same key.
    pub fn again(&mut self, other: bool, store: &Store, dice: &mut Dice) -> Option<Job> {
        let fresh = dice.percent(70);
        let keyed = self.requests.values().filter(|request| {
            let open = request.heard.is_none() && !request.refused;
            request.submission.claim.is_some() && (open || !fresh)
        });
        let newest = keyed.rev().take(40);
        let request = dice.prefer(newest, |request| u64::from(request.serial))?;
        let (serial, name) = (request.serial, name(&request.submission).unwrap());
        let mut job = self.send(serial);
        if other && store.keys.contains_key(&name) {
            job.other = true;
            let claim = job.submission.claim.as_mut().unwrap();
            claim.fingerprint = Fingerprint::of("POST", "another", &json!(null));
        }
        Some(job)
    }

    /// Every request with a key, once more.
    pub fn all_again(&mut self) -> Vec<Job> {
        let keyed = self.requests.values();
        let keyed = keyed.filter(|request| request.submission.claim.is_some());
        let serials: Vec<Serial> = keyed.map(|request| request.serial).collect();
        serials
            .into_iter()
            .map(|serial| self.send(serial))
            .collect()
    }

    /// A reply reaches whoever waits for it. What it says is durable, and what it said before.
    pub fn hear(&mut self, job: &Job, reply: &Result<Reply, Rejection>, store: &Store) {
        if job.other {
            assert_eq!(
                *reply,
                Err(Rejection::KeyReused),
                "a key served two requests"
            );
            return;
        }
        let Some(request) = job
            .request
            .and_then(|serial| self.requests.get_mut(&serial))
        else {
            return;
        };
        match reply {
            Ok(Reply::Answer(answer) | Reply::Replay(answer)) => {
                if let Some(name) = name(&request.submission) {
                    let kept = store
                        .keys
                        .get(&name)
                        .and_then(|record| record.answer.as_ref());
                    assert!(
                        kept.is_some(),
                        "the answer of {name:?} was told and is not kept"
                    );
                    assert_eq!(kept.map(text), Some(text(answer)), "kept (left) and told");
                }
                let first = request.heard.get_or_insert_with(|| answer.clone());
                assert_eq!(text(first), text(answer), "two answers to one request");
            }
            Err(Rejection::KeyInUse) => {}
            Err(Rejection::KeyReused) => panic!("the key of {request:?} served another"),
            Err(_) => request.refused = true,
            Ok(Reply::Call(_) | Reply::Begun(_)) => panic!("an answer led to another call"),
        }
    }
}

fn text(answer: &Answer) -> (u16, String) {
    (
        answer.status,
        String::from_utf8_lossy(&answer.body).into_owned(),
    )
}
