//! Deciding: what a command comes to, as a pure function of what is loaded, the time, and the
//! ids that chance gives.

mod endpoints;
mod finish;
mod links;
mod payments;
mod posting;
mod view;

use super::{
    Command, Rejection, Reply, Submission, Ticket,
    decision::{Decision, Outcome, RenderRejection},
    world::World,
};
use crate::{
    base::{ambient::Ambient, ids::MerchantId},
    domain::{
        idempotency::{Answer, Claim, KeyRecord, Standing},
        links::PageUrls,
        rails::{RailAnswer, RailCall},
    },
};
use time::OffsetDateTime;

/// What deciding needs beside the rows: the time of the batch, ids, addresses of pages, and how
/// rejections are printed.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The time of the batch.
    pub now: OffsetDateTime,
    /// Where ids come from.
    pub ambient: &'a Ambient,
    /// Addresses of pages.
    pub urls: &'a PageUrls,
    /// How rejections are printed.
    pub render: RenderRejection,
    /// What rails answer without a network.
    pub ask: AskAtOnce,
}

/// Asks a rail that needs no network; `None` where it must be sent.
pub type AskAtOnce = fn(&RailCall) -> Option<RailAnswer>;

/// Decides one command and applies what it comes to. A rejection leaves the world as it was,
/// but for the key that keeps it.
pub fn decide(
    world: &mut World,
    submission: &Submission,
    scene: Scene<'_>,
) -> Result<Reply, Rejection> {
    let Submission {
        merchant,
        command,
        claim,
        request_id,
    } = submission;
    if let Some(claim) = claim {
        match claim.standing(world.keys.get(&name(*merchant, claim))) {
            Standing::Fresh => {}
            Standing::Replay(answer) => return Ok(Reply::Replay(answer)),
            Standing::InProgress => return Err(Rejection::KeyInUse),
            Standing::Mismatch => return Err(Rejection::KeyReused),
        }
    }
    let decided = command_of(world, *merchant, command, scene)
        .map(|decision| with_key(decision, claim.as_ref()))
        .and_then(|decision| world.apply(*merchant, decision, scene.ambient, scene.now))
        .map(|outcome| answered_at_once(world, *merchant, outcome, scene));
    let render = |rejection: &Rejection| (scene.render)(rejection, request_id);
    let reply = match decided {
        Ok(Outcome::Answer(answer)) => Reply::Answer(answer),
        Ok(Outcome::Verdict(rejection)) => Reply::Answer(render(&rejection)),
        Ok(Outcome::Call(ticket)) => Reply::Call(ticket),
        Ok(Outcome::Entry) => Reply::Answer(posting::answer(world)?),
        Err(rejection) if claim.is_some() && rejection.is_verdict() => {
            Reply::Answer(render(&rejection))
        }
        Err(rejection) => return Err(rejection),
    };
    Ok(keep(world, submission, reply))
}

/// A call that its rail answers without a network is finished in the same breath. If the books
/// refuse that, the call stands as recorded and goes the way of all others.
fn answered_at_once(
    world: &mut World,
    merchant: MerchantId,
    outcome: Outcome,
    scene: Scene<'_>,
) -> Outcome {
    let Outcome::Call(ticket) = &outcome else {
        return outcome;
    };
    let Some(answer) = (scene.ask)(&ticket.call) else {
        return outcome;
    };
    let desk = Desk {
        world,
        merchant,
        scene,
    };
    desk.finish(ticket.call.attempt, answer)
        .and_then(|decision| world.apply(merchant, decision, scene.ambient, scene.now))
        .unwrap_or(outcome)
}

fn name(merchant: MerchantId, claim: &Claim) -> (MerchantId, String) {
    (merchant, claim.key.as_str().to_owned())
}

/// The attempt and its ticket carry the key, so that whoever finishes it can answer the request.
fn with_key(mut decision: Decision, claim: Option<&Claim>) -> Decision {
    if let (Some(claim), Outcome::Call(ticket)) = (claim, &mut decision.outcome) {
        let key = claim.key.as_str().to_owned();
        decision.attempt = decision.attempt.map(|a| crate::domain::intents::Attempt {
            idempotency_key: Some(key.clone()),
            ..a
        });
        ticket.key = Some(key);
    }
    decision
}

/// Keeps the answer under the key of this request, or of the one that waits for the attempt.
/// Whoever finishes an attempt second, the caller or the resolver, gives the answer that is kept.
fn keep(world: &mut World, submission: &Submission, reply: Reply) -> Reply {
    let merchant = submission.merchant;
    let answer: Option<&Answer> = match &reply {
        Reply::Answer(answer) => Some(answer),
        Reply::Call(_) => None,
        Reply::Replay(_) => return reply,
    };
    if let Some(claim) = &submission.claim {
        let record = KeyRecord {
            fingerprint: claim.fingerprint,
            answer: answer.cloned(),
        };
        world.keys.put(name(merchant, claim), record);
    }
    let Command::Finish(Ticket { key: Some(key), .. }, _) = &submission.command else {
        return reply;
    };
    let waiting = (merchant, key.clone());
    let Some(record) = world.keys.get(&waiting).cloned() else {
        return reply;
    };
    if let Some(kept) = record.answer {
        return Reply::Answer(kept);
    }
    let answer = answer.cloned();
    world.keys.put(waiting, KeyRecord { answer, ..record });
    reply
}

fn command_of(
    world: &World,
    merchant: MerchantId,
    command: &Command,
    scene: Scene<'_>,
) -> Result<Decision, Rejection> {
    let desk = Desk {
        world,
        merchant,
        scene,
    };
    match command {
        Command::CreateIntent(terms) => desk.create_intent(terms),
        Command::Confirm(id, request) => desk.confirm(*id, request),
        Command::Capture(id, request) => desk.capture(*id, request),
        Command::Cancel(id, request) => desk.cancel(*id, request),
        Command::Refund(id, request) => desk.refund(*id, request),
        Command::ExpireIntent(id) => desk.expire_intent(*id),
        Command::Finish(ticket, answer) => desk.finish(ticket.call.attempt, *answer),
        Command::Report(id, awaited, answer) => desk.report(*id, *awaited, *answer),
        Command::CreateLink(terms) => desk.create_link(terms),
        Command::PayLink(id, payment) => desk.pay_link(*id, *payment),
        Command::DeactivateLink(id) => desk.deactivate_link(*id),
        Command::ExpireLink(id) => desk.expire_link(*id),
        Command::CreateEndpoint(id, new, secret) => desk.create_endpoint(*id, new, secret),
        Command::UpdateEndpoint(id, patch) => desk.update_endpoint(*id, patch),
        Command::DeleteEndpoint(id) => desk.delete_endpoint(*id),
        Command::DisableEndpoint(id, why) => desk.disable_endpoint(*id, why),
        Command::RotateSecret(id, overlap, secret) => desk.rotate_secret(*id, *overlap, secret),
        Command::Ping(id) => desk.ping(*id),
        Command::Replay(id, after, through) => desk.replay(*id, *after, *through),
        Command::Retry(delivery) => desk.retry(delivery),
        Command::Post(draft) => Ok(Desk::post(draft)),
    }
}

/// Where one command is decided: what it may look at, and whose it is.
#[derive(Clone, Copy)]
struct Desk<'a> {
    world: &'a World,
    merchant: MerchantId,
    scene: Scene<'a>,
}
