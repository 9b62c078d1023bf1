//! The service alone is killed every second while events stream out of it: each arrives at both
//! endpoints, under one id, and where order is asked for not before the one it follows.

use super::{
    ALONE,
    client::Client,
    every_event_arrived,
    load::Load,
    nothing_is_there_by_half, rest,
    service::Service,
    sink::{Received, Sink},
};
use serde_json::{Value, json};
use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};
use threadpay::{
    ambient::Ambient,
    embedded::{Options, Postgres},
};
use tokio::task::spawn_blocking;

/// What each payment tells, in this order.
const STORY: [&str; 5] = [
    "payment_intent.created",
    "payment_intent.payment_failed",
    "payment_intent.succeeded",
    "refund.created",
    "refund.succeeded",
];
const CALLERS: usize = 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_every_second_loses_no_event_and_no_order() {
    let run = Run {
        name: "stream",
        seconds: 6,
        events_a_second: 100,
    };
    run.go().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: for a change of the dispatcher, with --release for the full rate"]
async fn a_kill_every_second_of_a_minute_loses_no_event_and_no_order() {
    let run = Run {
        name: "long-stream",
        seconds: 60,
        events_a_second: 200,
    };
    let (kills, rate) = run.go().await;
    assert!(kills >= 55, "only {kills} kills: the machine is too slow");
    // A debug build needs half of each second to start: it gives what it can.
    assert!(
        cfg!(debug_assertions) || rate >= 180,
        "only {rate} events/s"
    );
}

struct Run {
    name: &'static str,
    seconds: u64,
    events_a_second: u32,
}

impl Run {
    /// Gives how often the service was killed, and how many events came of each second.
    async fn go(self) -> (u32, u128) {
        let _alone = ALONE.lock().await;
        let database = spawn_blocking(database).await.unwrap();
        let (name, url) = (self.name, database.url());
        let service = spawn_blocking(move || Service::on(name, url));
        let service = service.await.unwrap();
        let bot = Client::new(&service.fact("base_url")).with_key(&service.fact("api_key"));
        let ordered = Endpoint::make(&bot, "intent").await;
        let unordered = Endpoint::make(&bot, "none").await;
        let (load, begun) = (Load::new(bot.clone()), Instant::now());
        let callers = (0..CALLERS).map(|_| self.call(&load, begun));
        let callers = futures_util::future::join_all(callers);
        let killer = async {
            let killed = self.kill_every_second(service, begun).await;
            load.stop();
            killed
        };
        let ((service, kills), _) = futures_util::future::join(killer, callers).await;
        let (took, ended) = (begun.elapsed(), Instant::now());
        rest(&service).await;
        let rested = ended.elapsed();
        let events = bot.events().await;
        let rate = u128::try_from(events.len()).unwrap() * 1000 / took.as_millis();
        println!(
            "{kills} kills and {} events in {took:.1?} ({rate}/s), at rest {rested:.1?} later",
            events.len()
        );
        println!("ordered: {}", ordered.describe());
        println!("unordered: {}", unordered.describe());
        nothing_is_there_by_half(&service).await;
        let requests = load.told().len();
        every_story_is_told_once(&events, requests / 4);
        for endpoint in [&ordered, &unordered] {
            every_event_arrived(&events, &endpoint.sink, &endpoint.secret);
        }
        assert_eq!(ordered.too_early(), Vec::<String>::new());
        let stop = spawn_blocking(|| {
            service.stop();
            database.stop();
        });
        stop.await.unwrap();
        (kills, rate)
    }

    /// Lets one payment after the other happen, each at its time; what was missed while the
    /// service was away is caught up with.
    async fn call(&self, load: &Load, begun: Instant) {
        let events = u32::try_from(STORY.len()).unwrap();
        let apart = Duration::from_secs(1) * events / self.events_a_second;
        while let Some(number) = load.next() {
            let due = begun + apart * u32::try_from(number).unwrap();
            tokio::time::sleep_until(due.into()).await;
            let mut path = "/v1/payment_intents".to_owned();
            let body =
                json!({"amount": "2.00", "currency": "EUR", "reference": format!("r{number}")});
            let made = load.insist(format!("make-{number}"), path.clone(), body);
            let made = made.await.expect(201);
            path = format!("{path}/{}", made["id"].as_str().unwrap());
            for (verb, body, status) in [
                (
                    "confirm",
                    json!({"payment_method": "pm_sandbox_declined"}),
                    402,
                ),
                ("confirm", json!({"payment_method": "pm_sandbox_ok"}), 200),
                ("refunds", json!({"amount": "0.50"}), 201),
            ] {
                let key = format!("{verb}-{status}-{number}");
                let answer = load.insist(key, format!("{path}/{verb}"), body);
                answer.await.expect(status);
            }
        }
    }

    /// Kills the service at each full second, or the next one if it was not yet back.
    async fn kill_every_second(&self, mut service: Service, begun: Instant) -> (Service, u32) {
        let mut kills = 0;
        loop {
            let second = begun.elapsed().as_secs() + 1;
            if second > self.seconds {
                return (service, kills);
            }
            let at = begun + Duration::from_secs(second);
            tokio::time::sleep_until(at.into()).await;
            let again = spawn_blocking(move || {
                service.kill_and_restart();
                service
            });
            service = again.await.unwrap();
            kills += 1;
        }
    }
}

/// A Postgres that outlives the service, so that what the dead have begun there still happens.
fn database() -> Postgres {
    let options = Options {
        max_connections: 400,
        ..Options::temporary()
    };
    Postgres::start(&options, &Ambient::system()).unwrap()
}

struct Endpoint {
    sink: Sink,
    secret: String,
}

impl Endpoint {
    async fn make(bot: &Client, ordering: &str) -> Self {
        let sink = Sink::start(&[]);
        let body = json!({"url": sink.url, "event_types": ["*"], "ordering": ordering});
        let made = bot.post("/v1/callback_endpoints", &body).await.expect(201);
        Self {
            sink,
            secret: made["secret"].as_str().unwrap().to_owned(),
        }
    }

    /// The events that came before the one that they follow had come even once. That an event
    /// comes again is no fault, whatever has come since.
    fn too_early(&self) -> Vec<String> {
        let mut come = HashSet::new();
        let too_early = |callback: &Received| {
            let event = callback.json();
            let (intent, number) = place(&event);
            let is_late = number > 1 && !come.contains(&(intent.clone(), number - 1));
            let is_first = come.insert((intent.clone(), number));
            (is_first && is_late).then(|| format!("{intent} {number}"))
        };
        self.sink.received().iter().filter_map(too_early).collect()
    }

    fn describe(&self) -> String {
        let received = self.sink.received();
        let ids: HashSet<_> = received.iter().map(Received::id).collect();
        format!(
            "{} events, {} repeats, {} before the one they follow",
            ids.len(),
            received.len() - ids.len(),
            self.too_early().len()
        )
    }
}

/// The intent that an event is about, and which of its events it is.
fn place(event: &Value) -> (String, u64) {
    let data = &event["data"];
    let intent = data.get("payment_intent").unwrap_or(&data["id"]);
    let intent = intent.as_str().unwrap().to_owned();
    (intent, event["intent_sequence"].as_u64().unwrap())
}

/// No request that was made again after a crash has told anything again, under another id.
fn every_story_is_told_once(events: &[Value], payments: usize) {
    let mut stories: HashMap<String, Vec<&str>> = HashMap::new();
    for (sequence, event) in (1_u64..).zip(events) {
        assert_eq!(event["sequence"], sequence);
        let (intent, number) = place(event);
        let story = stories.entry(intent).or_default();
        story.push(event["type"].as_str().unwrap());
        assert_eq!(u64::try_from(story.len()).unwrap(), number, "{event}");
    }
    assert!(stories.values().all(|story| *story == STORY));
    assert_eq!(stories.len(), payments);
}
