//! A caller that keeps a log: it asks with the same key, at one service or the other, until it is
//! answered, and asks now and then for an answer that it already has.

use super::{
    client::{Answer, Client},
    dice::Dice,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// How long a caller waits for an answer before it asks again.
const DEADLINE: Duration = Duration::from_secs(2);
/// How long it rests between two tries.
const PAUSE: Duration = Duration::from_millis(100);
/// How long nobody may be answered after the last fault.
const STANDSTILL: Duration = Duration::from_mins(2);
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// What a caller asked, word for word.
#[derive(Clone, Debug)]
pub struct Asked {
    method: &'static str,
    pub key: Option<String>,
    path: String,
    body: String,
    kind: &'static str,
}

/// A request with its answer.
#[derive(Clone, Debug)]
pub struct Told {
    pub asked: Asked,
    pub answer: Answer,
}

impl Told {
    /// What must be the same whenever it is asked again.
    fn essence(&self) -> (u16, Option<&str>, &[u8]) {
        let Answer { status, bytes, .. } = &self.answer;
        if self.asked.kind == FORM {
            // A page may tell more as time goes by; where it leads to is the answer.
            return (*status, self.answer.header("location"), &[]);
        }
        (*status, None, bytes)
    }
}

/// What all callers share.
#[derive(Default)]
pub struct Crowd {
    pub stop: AtomicBool,
    pub silences: AtomicUsize,
    pub refusals: AtomicUsize,
    pub answers: AtomicUsize,
    pub repeats: AtomicUsize,
    pub given_up: AtomicUsize,
}

/// One caller of one merchant.
pub struct Caller {
    pub name: String,
    /// The same caller at either service.
    services: [Client; 2],
    at: usize,
    keys: u32,
    pub dice: Dice,
    pub crowd: Arc<Crowd>,
    pub log: Vec<Told>,
    last: Instant,
    pub longest_wait: Duration,
}

impl Caller {
    pub fn new(name: String, services: [Client; 2], dice: Dice, crowd: Arc<Crowd>) -> Self {
        Self {
            name,
            services,
            at: 0,
            keys: 0,
            dice,
            crowd,
            log: Vec::new(),
            last: Instant::now(),
            longest_wait: Duration::ZERO,
        }
    }

    /// Posts with a key of its own until it is answered; nothing if it gives up before.
    pub async fn post(&mut self, path: &str, body: &serde_json::Value) -> Option<Answer> {
        self.keys += 1;
        let asked = Asked {
            method: "POST",
            key: Some(format!("{}-{}", self.name, self.keys)),
            path: path.to_owned(),
            body: body.to_string(),
            kind: JSON,
        };
        self.ask(asked).await
    }

    /// Changes something, which needs no key.
    pub async fn patch(&mut self, path: &str, body: &serde_json::Value) -> Answer {
        let asked = Asked {
            method: "PATCH",
            key: None,
            path: path.to_owned(),
            body: body.to_string(),
            kind: JSON,
        };
        self.insist(&asked).await
    }

    /// A payer opens a page.
    pub async fn open(&mut self, path: &str) -> Answer {
        let asked = Asked {
            method: "GET",
            key: None,
            path: path.to_owned(),
            body: String::new(),
            kind: FORM,
        };
        self.insist(&asked).await
    }

    /// A payer sends a form; the form itself holds the key.
    pub async fn send_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Option<Answer> {
        let asked = Asked {
            method: "POST",
            key: None,
            path: path.to_owned(),
            body: url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(fields)
                .finish(),
            kind: FORM,
        };
        self.ask(asked).await
    }

    async fn ask(&mut self, asked: Asked) -> Option<Answer> {
        if self.dice.percent(3) {
            // It asks once, hangs up at a moment of chance, and never comes back.
            let moment = Duration::from_millis(self.dice.roll() % 100);
            let _ = self.try_once(&asked, moment).await;
            self.crowd.given_up.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let answer = self.insist(&asked).await;
        self.crowd.answers.fetch_add(1, Ordering::Relaxed);
        let answered = answer.clone();
        self.log.push(Told { asked, answer });
        if self.dice.percent(10) {
            let earlier = self.dice.below(self.log.len());
            let earlier = self.log[earlier].clone();
            self.repeat(&earlier).await;
        }
        Some(answered)
    }

    /// Asks once more what was answered, and must be told the same; but for what could not be taken,
    /// which is not kept.
    pub async fn repeat(&mut self, told: &Told) {
        if told.answer.status == 422 {
            return;
        }
        let asked = told.asked.clone();
        let answer = self.insist(&asked).await;
        self.crowd.repeats.fetch_add(1, Ordering::Relaxed);
        if asked.kind == JSON {
            let replayed = answer.header("idempotent-replayed");
            assert_eq!(replayed, Some("true"), "{asked:?} was done again");
        }
        let again = Told { asked, answer };
        assert_eq!(again.essence(), told.essence(), "{:?}", told.asked);
    }

    /// Asks until it is answered.
    async fn insist(&mut self, asked: &Asked) -> Answer {
        let begun = Instant::now();
        loop {
            match self.try_once(asked, DEADLINE).await {
                Some(answer) if is_final(&answer) => {
                    self.longest_wait = self.longest_wait.max(begun.elapsed());
                    self.last = Instant::now();
                    return answer;
                }
                Some(_) => self.crowd.refusals.fetch_add(1, Ordering::Relaxed),
                None => self.crowd.silences.fetch_add(1, Ordering::Relaxed),
            };
            assert!(
                !self.crowd.stop.load(Ordering::Relaxed) || self.last.elapsed() < STANDSTILL,
                "never answered: {asked:?}"
            );
            self.at = 1 - self.at;
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn try_once(&mut self, asked: &Asked, deadline: Duration) -> Option<Answer> {
        if self.dice.percent(10) {
            self.at = 1 - self.at;
        }
        let service = &self.services[self.at];
        let mut request = service.request(asked.method, &asked.path).timeout(deadline);
        if asked.method != "GET" {
            request = request.header("content-type", asked.kind);
            request = request.body(asked.body.clone());
        }
        if let Some(key) = &asked.key {
            request = request.header("idempotency-key", key);
        }
        service.try_send(request).await.ok()
    }
}

/// Whether it is an answer and not a wish to be asked again: 503, or 409 while the first request
/// runs.
fn is_final(answer: &Answer) -> bool {
    let in_use = answer.status == 409 && answer.text().contains("idempotency_key_in_use");
    if answer.status != 503 && !in_use {
        return true;
    }
    assert!(answer.header("retry-after").is_some(), "{}", answer.text());
    false
}
