//! What `threadpay listen` prints.

use super::{
    feed::Event,
    forward::{Forwarder, Sent},
};
use crate::{
    base::{net::status_line, timestamp},
    program::{ProgramError, print},
};
use serde::Serialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;

/// Most characters of an answer that are printed.
const ANSWER_MAX: usize = 200;

/// How to print.
#[derive(Clone, Copy, Debug)]
pub(super) struct Show {
    /// For programs, one JSON object a line; else for people.
    pub json: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    event: &'a RawValue,
    /// Null if it was only printed.
    forwarded: Option<Forwarded>,
}

#[derive(Serialize)]
struct Forwarded {
    status: Option<u16>,
    error: Option<String>,
    /// The first line of the answer.
    answer: Option<String>,
    duration_ms: u128,
}

impl Show {
    /// That from now on no event is missed.
    pub fn begin(self, url: &str, forwarder: Option<&Forwarder>) -> Result<(), ProgramError> {
        let (forward, secret) = (forwarder.map(|f| &f.url), forwarder.map(Forwarder::secret));
        if self.json {
            let facts = serde_json::json!({"url": url, "forward": forward, "secret": secret});
            return print::json(&facts);
        }
        print::remark(&match (forward, secret) {
            (Some(forward), Some(secret)) => format!(
                "Events of {url} go to {forward} as they happen. Their secret, for development only:\n\n  {secret}\n\nCtrl-C ends it.\n"
            ),
            (_, _) => format!("Events of {url} as they happen; Ctrl-C ends it.\n"),
        });
        Ok(())
    }

    /// One event and what became of it.
    pub fn event(
        self,
        at: OffsetDateTime,
        event: &Event,
        sent: Option<&Sent>,
    ) -> Result<(), ProgramError> {
        if self.json {
            let line = Line {
                time: timestamp::format(at),
                event: &event.json,
                forwarded: sent.map(forwarded),
            };
            return print::json(&line);
        }
        let (date, time) = (at.date(), at.time());
        let (hour, minute, second) = time.as_hms();
        let result = sent.map_or(String::new(), |sent| format!("  ->  {}", result(sent)));
        print::line(&format!(
            "{date} {hour:02}:{minute:02}:{second:02}  {}  {}{result}",
            event.kind, event.id
        ))
    }
}

fn forwarded(sent: &Sent) -> Forwarded {
    let answer = sent.answer.as_ref();
    Forwarded {
        status: answer.ok().map(|answer| answer.status),
        error: answer.err().map(ToString::to_string),
        answer: answer.ok().map(|answer| first_line(&answer.head)),
        duration_ms: sent.took.as_millis(),
    }
}

/// `200 OK  3 ms`, and what a developer wants to know where it is no success.
fn result(sent: &Sent) -> String {
    let took = sent.took.as_millis();
    match &sent.answer {
        Ok(answer) => {
            let status = status_line(answer.status);
            let said = first_line(&answer.head);
            if (200..300).contains(&answer.status) || said.is_empty() {
                format!("{status}  {took} ms")
            } else {
                format!("{status}  {took} ms  {said}")
            }
        }
        Err(error) => format!("failed  {took} ms  {error}"),
    }
}

/// The first line, without what could play tricks on a terminal.
fn first_line(text: &str) -> String {
    let line = text.trim_start().lines().next().unwrap_or_default();
    let line = line.chars().filter(|c| !c.is_control());
    line.take(ANSWER_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::net::{Response, SendError};
    use std::time::Duration;

    #[test]
    fn a_result_is_one_line_that_says_what_went_wrong() {
        let answered = |status, head: &str| {
            Ok(Response {
                status,
                head: head.to_owned(),
                retry_after: None,
            })
        };
        for (answer, printed) in [
            (answered(200, "thanks"), "200 OK  3 ms"),
            (answered(299, ""), "299  3 ms"),
            (
                answered(500, "\nTypeError: \u{1b}[31mx\nat line 3"),
                "500 Internal Server Error  3 ms  TypeError: [31mx",
            ),
            (answered(404, ""), "404 Not Found  3 ms"),
            (
                Err(SendError::Dns),
                "failed  3 ms  dns: the host's name cannot be resolved",
            ),
        ] {
            let took = Duration::from_millis(3);
            assert_eq!(result(&Sent { took, answer }), printed);
        }
    }
}
