//! The feed as its caller sees it: asked again and again, through restarts and outages.

use crate::{
    base::{
        ambient::Ambient,
        net::{VisitError, Visitor, status_line},
    },
    domain::callbacks::EventFilter,
    program::{ProgramError, print},
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use std::{error::Error, time::Duration};
use url::Url;

/// How long the service may let us wait for events, in seconds.
const WAIT: u64 = 30;
/// How long an answer may take beyond that.
const SLACK: Duration = Duration::from_secs(15);
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// An event with the bytes that a callback would have.
#[derive(Debug)]
pub(super) struct Event {
    /// `evt_…`
    pub id: String,
    /// What happened.
    pub kind: String,
    /// All of it.
    pub json: Box<RawValue>,
}

impl Event {
    /// Whether it is one of these. A type that this program does not know yet is only in all.
    pub fn is_wanted(&self, filter: &EventFilter) -> bool {
        match self.kind.parse() {
            Ok(known) => filter.matches(known),
            Err(_) => filter.patterns().iter().any(|pattern| pattern == "*"),
        }
    }
}

#[derive(Deserialize)]
struct Part {
    data: Vec<Box<RawValue>>,
    next_after: i64,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    r#type: String,
}

/// Why there is no part of the feed.
enum Fault {
    /// The service is away, for this reason: it may come back.
    Away(String),
    /// Asking again does not help.
    Final(ProgramError),
}

/// A place in the feed of the service at an address.
#[derive(Debug)]
pub(super) struct Feed {
    base_url: String,
    authorization: String,
    visitor: Visitor,
    ambient: Ambient,
    after: i64,
}

impl Feed {
    /// The feed from its present end on.
    pub async fn open(url: &str, api_key: &str, ambient: Ambient) -> Result<Self, ProgramError> {
        // A password in it would be printed with it.
        let is_open = |url: &Url| url.username().is_empty() && url.password().is_none();
        let is_http = |url: &Url| ["http", "https"].contains(&url.scheme()) && is_open(url);
        if !Url::parse(url).is_ok_and(|url| is_http(&url)) {
            let problem = "is not an address such as http://127.0.0.1:8080".to_owned();
            return Err(ProgramError::Setting {
                name: "--url",
                problem,
            });
        }
        let visitor = Visitor::patient(Duration::from_secs(WAIT) + SLACK);
        let mut feed = Self {
            base_url: url.trim_end_matches('/').to_owned(),
            authorization: format!("Bearer {api_key}"),
            visitor: visitor.map_err(|e| ProgramError::Failed(e.to_string()))?,
            ambient,
            after: 0,
        };
        feed.after = feed.ask_until_answered("after=latest").await?.next_after;
        Ok(feed)
    }

    /// Where the service is.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What comes next; after a while without events, nothing.
    pub async fn next(&mut self) -> Result<Vec<Event>, ProgramError> {
        let query = format!("after={}&limit=100&wait={WAIT}", self.after);
        let part = self.ask_until_answered(&query).await?;
        let events = part.data.into_iter().map(|json| self.read(json));
        let events = events.collect::<Result<_, _>>()?;
        self.after = part.next_after;
        Ok(events)
    }

    fn read(&self, json: Box<RawValue>) -> Result<Event, ProgramError> {
        let head: Head = serde_json::from_str(json.get()).map_err(|e| self.not_ours(&e))?;
        Ok(Event {
            id: head.id,
            kind: head.r#type,
            json,
        })
    }

    /// Asks, and while the service is away says so once and asks again.
    async fn ask_until_answered(&self, query: &str) -> Result<Part, ProgramError> {
        let url = &self.base_url;
        let mut pause = SHORTEST_PAUSE;
        loop {
            match self.ask(query).await {
                Ok(part) => {
                    if pause > SHORTEST_PAUSE {
                        print::remark(&format!("The service at {url} answers."));
                    }
                    return Ok(part);
                }
                Err(Fault::Final(error)) => return Err(error),
                Err(Fault::Away(why)) if pause == SHORTEST_PAUSE => {
                    print::remark(&format!(
                        "The service at {url} does not answer ({why}); trying until it does."
                    ));
                }
                Err(Fault::Away(_)) => {}
            }
            tokio::time::sleep(self.ambient.jitter(pause)).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    async fn ask(&self, query: &str) -> Result<Part, Fault> {
        let url = format!("{}/v1/events?{query}", self.base_url);
        let headers = [("authorization", self.authorization.as_str())];
        let answer = self.visitor.get(&url, &headers).await;
        let answer = answer.map_err(|error| Fault::Away(cause(&error)))?;
        let status = status_line(answer.status);
        let refused = |what: &str| {
            let problem: Value = serde_json::from_str(&answer.body).unwrap_or_default();
            let detail = problem.get("detail").and_then(Value::as_str);
            let detail = detail.map_or(String::new(), |detail| format!(": {detail}"));
            let url = &self.base_url;
            Fault::Final(ProgramError::Failed(format!(
                "the service at {url} {what} ({status}){detail}"
            )))
        };
        match answer.status {
            200 => serde_json::from_str(&answer.body).map_err(|e| Fault::Final(self.not_ours(&e))),
            401 | 403 => Err(refused("does not give its events for this API key")),
            429 | 500.. => Err(Fault::Away(status)),
            _ => Err(refused("does not give its events")),
        }
    }

    fn not_ours(&self, error: &serde_json::Error) -> ProgramError {
        let url = &self.base_url;
        ProgramError::Failed(format!(
            "what {url} answers is no feed of events ({error}): is it a Threadpay service?"
        ))
    }
}

/// The innermost cause: what the operating system said.
fn cause(error: &VisitError) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
