//! The load without HTTP: tasks that hand commands to the service and wait for the answers.

use super::{
    failure::failed,
    http_load::Crowd,
    sample::Sample,
    work::{Ask, CONFIRM, INTENT, POSTING, Verb, Work},
};
use crate::program::ProgramError;
use crate::{
    app::App,
    base::actor::Actor,
    domain::{
        idempotency::{Claim, Fingerprint},
        intents::{Choice, ConfirmRequest, IntentRequest, Terms},
        ledger::{Draft, EntryRequest},
    },
    writer::{PaymentCommand, PostingCommand, Submission},
};
use std::{sync::Arc, time::Instant};
use tokio::task::JoinSet;

/// Runs `work` to its end, on as many tasks as there would be connections.
pub(super) async fn run(
    app: &Arc<App>,
    work: &Work,
    crowd: &Crowd,
) -> Result<Vec<Sample>, ProgramError> {
    let mut tasks = JoinSet::new();
    for number in 0..crowd.connections.into() {
        tasks.spawn(one(Arc::clone(app), (work.clone(), number), crowd.clone()));
    }
    let mut samples = Vec::new();
    while let Some(sample) = tasks.join_next().await {
        samples.push(sample.map_err(failed)??);
    }
    Ok(samples)
}

async fn one(
    app: Arc<App>,
    (work, number): (Work, usize),
    crowd: Crowd,
) -> Result<Sample, ProgramError> {
    let bodies = Bodies::parse()?;
    let mut asker = work.asker(number);
    let mut sample = Sample::default();
    loop {
        let Some(ask) = asker.next().await else {
            sample.ran_out = true;
            break;
        };
        let submission = bodies.submission(&work, &ask)?;
        let is_replay = ask.repeated && submission.claim.is_some();
        let Some(due) = crowd.pace.due().await else {
            break;
        };
        let performed = app.perform(submission).await;
        let now = Instant::now();
        sample.requests.push((now - crowd.start, now - due));
        let performed = performed.map_err(failed)?;
        if performed.answer.status >= 300 || performed.replayed != is_replay {
            let body = String::from_utf8_lossy(&performed.answer.body).into_owned();
            return Err(failed(format!("an answer was wrong: {body}")));
        }
    }
    Ok(sample)
}

/// What HTTP would have parsed.
struct Bodies {
    terms: Terms,
    confirm: Choice,
    draft: Draft,
}

impl Bodies {
    fn parse() -> Result<Self, ProgramError> {
        let intent: IntentRequest = serde_json::from_str(INTENT).map_err(failed)?;
        let confirm: ConfirmRequest = serde_json::from_str(CONFIRM).map_err(failed)?;
        Ok(Self {
            terms: intent.parse().map_err(failed)?,
            confirm: confirm.parse().map_err(failed)?,
            draft: draft()?,
        })
    }

    fn submission(&self, work: &Work, ask: &Ask) -> Result<Submission, ProgramError> {
        let command = match ask.verb {
            Verb::Create => {
                let mut terms = self.terms.clone();
                terms.details.reference = Some(ask.key.clone());
                PaymentCommand::Create(Box::new(terms)).into()
            }
            Verb::Confirm(id) => PaymentCommand::Confirm(id, self.confirm.clone()).into(),
            Verb::Post => PostingCommand::Post(self.draft.clone()).into(),
            Verb::Refund(_) | Verb::Get(_) | Verb::List => {
                return Err(failed("only HTTP is asked for this"));
            }
        };
        let caller = work.callers.get(ask.caller);
        let caller = caller.ok_or_else(|| failed("there is no such caller"))?;
        // The ledger alone: a key would be a row more than the entry itself.
        let claim = (ask.verb != Verb::Post).then(|| claim(ask)).transpose()?;
        Ok(Submission {
            merchant: caller.merchant,
            actor: Actor::Operator,
            command,
            claim,
            request_id: String::new(),
            bytes: 0,
        })
    }
}

/// The journal entry that is posted.
pub(super) fn draft() -> Result<Draft, ProgramError> {
    let request: EntryRequest = serde_json::from_str(POSTING).map_err(failed)?;
    let today = crate::base::ambient::Ambient::system().now().date();
    request.parse(today).map_err(failed)
}

fn claim(ask: &Ask) -> Result<Claim, ProgramError> {
    Ok(Claim {
        key: ask.key.parse().map_err(failed)?,
        fingerprint: Fingerprint([0; 32]),
    })
}
