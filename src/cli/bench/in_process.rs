//! The load without HTTP: tasks that hand commands to the service and wait for the answers.

use super::{
    CliError,
    sample::Sample,
    site::failed,
    work::{Ask, CONFIRM, INTENT, Scenario, Work},
};
use crate::{
    app::App,
    idempotency::{Claim, Fingerprint},
    intents::{ConfirmRequest, IntentRequest, Terms},
    writer::{Command, Submission},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Runs `work` over so many tasks for `time`.
pub(super) async fn run(
    app: &Arc<App>,
    work: &Work,
    (connections, time): (u16, Duration),
) -> Result<Vec<Sample>, CliError> {
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for number in 0..connections.into() {
        tasks.spawn(one(Arc::clone(app), work.clone(), number, (start, time)));
    }
    let mut samples = Vec::new();
    while let Some(sample) = tasks.join_next().await {
        samples.push(sample.map_err(failed)??);
    }
    Ok(samples)
}

async fn one(
    app: Arc<App>,
    work: Work,
    number: usize,
    (start, time): (Instant, Duration),
) -> Result<Sample, CliError> {
    let request: IntentRequest = serde_json::from_str(INTENT).map_err(failed)?;
    let terms = request.parse().map_err(failed)?;
    let confirm: ConfirmRequest = serde_json::from_str(CONFIRM).map_err(failed)?;
    let mut asker = work.asker(number);
    let mut sample = Sample::default();
    while start.elapsed() < time {
        let Some(ask) = asker.next() else {
            sample.ran_out = true;
            break;
        };
        let command = match (work.scenario, ask.intent) {
            (Scenario::Pay, Some(id)) => Command::Confirm(id, confirm.clone()),
            (Scenario::Create | Scenario::Pay, _) => Command::CreateIntent(Box::new(Terms {
                reference: Some(ask.key.clone()),
                ..terms.clone()
            })),
        };
        let begun = Instant::now();
        let performed = app.perform(submission(&work, &ask, command)?).await;
        sample.requests.push((start.elapsed(), begun.elapsed()));
        let performed = performed.map_err(failed)?;
        if performed.answer.status >= 300 || performed.replayed != ask.repeated {
            let body = String::from_utf8_lossy(&performed.answer.body).into_owned();
            return Err(failed(format!("an answer was wrong: {body}")));
        }
    }
    Ok(sample)
}

fn submission(work: &Work, ask: &Ask, command: Command) -> Result<Submission, CliError> {
    let caller = work
        .callers
        .get(ask.caller)
        .ok_or_else(|| failed("there is no such caller"))?;
    let claim = Claim {
        key: ask.key.parse().map_err(failed)?,
        fingerprint: Fingerprint([0; 32]),
    };
    Ok(Submission {
        merchant: caller.merchant,
        command,
        claim: Some(claim),
        request_id: String::new(),
    })
}
