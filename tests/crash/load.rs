//! Callers that do not give up: each asks with the same key until it is answered, and remembers
//! what it was told.

use super::client::{Answer, Client};
use serde_json::json;
use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// How long a caller waits before it asks again.
const PAUSE: Duration = Duration::from_millis(30);

/// A request with its answer, from the moment that the caller heard it.
pub struct Told {
    pub key: String,
    pub path: String,
    pub body: String,
    pub answer: Answer,
}

/// What all callers share.
pub struct Load {
    bot: Client,
    stop: AtomicBool,
    number: AtomicUsize,
    told: Mutex<Vec<Told>>,
}

impl Load {
    pub fn new(bot: Client) -> Self {
        Self {
            bot,
            stop: AtomicBool::new(false),
            number: AtomicUsize::new(1),
            told: Mutex::default(),
        }
    }

    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub fn told(self) -> Vec<Told> {
        self.told.into_inner().unwrap()
    }

    /// The number of the next payment, unless it is time to stop.
    pub fn next(&self) -> Option<usize> {
        let goes_on = !self.stop.load(Ordering::Relaxed);
        goes_on.then(|| self.number.fetch_add(1, Ordering::Relaxed))
    }

    /// Asks, pays and gives back, again and again.
    pub async fn run(&self) {
        while let Some(number) = self.next() {
            let body =
                json!({"amount": "2.00", "currency": "EUR", "reference": format!("r{number}")});
            let intents = "/v1/payment_intents";
            let made = self
                .insist(format!("make-{number}"), intents.to_owned(), body)
                .await;
            let intent = format!("{intents}/{}", made.expect(201)["id"].as_str().unwrap());
            let methods = [
                "pm_sandbox_ok",
                "pm_sandbox_ok",
                "pm_sandbox_declined",
                "pm_sandbox_timeout",
            ];
            let body = json!({"payment_method": methods[number % 4]});
            let paid = self
                .insist(format!("pay-{number}"), format!("{intent}/confirm"), body)
                .await;
            if paid.json()["status"] == "succeeded" {
                let body = json!({"amount": "0.50"});
                let refund =
                    self.insist(format!("back-{number}"), format!("{intent}/refunds"), body);
                refund.await.expect(201);
            }
        }
    }

    /// Asks until it is answered.
    pub async fn insist(&self, key: String, path: String, body: serde_json::Value) -> Answer {
        let body = body.to_string();
        loop {
            let request = self.bot.post_request(&key, &path, &body);
            match self.bot.try_send(request).await {
                Ok(answer) if !is_again(&answer) => {
                    let told = Told {
                        key,
                        path,
                        body,
                        answer: answer.clone(),
                    };
                    self.told.lock().unwrap().push(told);
                    return answer;
                }
                Ok(_) | Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

/// Whether the answer asks to be asked again: 503, or 409 while the first request runs.
fn is_again(answer: &Answer) -> bool {
    if ![503, 409].contains(&answer.status) {
        return false;
    }
    assert_eq!(answer.header("retry-after"), Some("1"), "{}", answer.text());
    true
}
