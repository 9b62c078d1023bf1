//! Deciding: what a command comes to, as a pure function of what is loaded, the time, and the
//! ids that chance gives.

use super::{
    Command, MovementCommand, Rejection, Reply, Submission,
    context::Context,
    decider::Decider,
    decision::{Decision, DecisionOutcome, Origin},
    world::{Change, World},
};
use crate::{
    base::ids::MerchantId,
    domain::{
        idempotency::{Answer, Claim, Fingerprint, KeyRecord, Standing},
        rails::RailFact,
    },
};

/// Decides one command and applies what it comes to. A rejection leaves the world as it was,
/// but for the key that keeps it.
pub fn decide(
    world: &mut World,
    submission: &Submission,
    context: Context<'_>,
) -> Result<Reply, Rejection> {
    let Submission {
        merchant,
        actor,
        command,
        claim,
        request_id,
        ..
    } = submission;
    if let Some(claim) = claim {
        match claim.standing(world.keys.get(&name(*merchant, claim))) {
            Standing::Fresh => {}
            Standing::Replay(answer) => return Ok(Reply::Replay(answer)),
            Standing::InProgress => return Err(Rejection::KeyInUse),
            Standing::Mismatch => return Err(Rejection::KeyReused),
        }
    }
    let origin = Origin {
        merchant: *merchant,
        actor: *actor,
    };
    let decider = Decider {
        world,
        merchant: *merchant,
        actor: *actor,
        context,
    };
    let applied = command
        .decide(&decider)
        .map(|decision| with_key(decision, claim.as_ref()))
        .and_then(|decision| world.apply(origin, decision, context))
        .map(|outcome| answered_at_once(world, origin, outcome, context));
    let render = |rejection: &Rejection| (context.render)(rejection, request_id);
    let reply = match applied {
        Ok(DecisionOutcome::Answer(answer)) => Reply::Answer(answer),
        Ok(DecisionOutcome::Verdict(rejection)) => Reply::Answer(render(&rejection)),
        Ok(DecisionOutcome::Call(call)) => Reply::Call(call),
        Ok(DecisionOutcome::Booked(print)) => Reply::Answer(print(&[])?),
        Err(rejection) if claim.is_some() && rejection.is_verdict() => {
            Reply::Answer(render(&rejection))
        }
        Err(rejection) => return Err(rejection),
    };
    Ok(keep(world, submission, reply))
}

/// A call that its rail answers without a network is finished in the same breath. If the books
/// refuse that, the call stays as recorded and goes the way of all others.
fn answered_at_once(
    world: &mut World,
    origin: Origin,
    outcome: DecisionOutcome,
    context: Context<'_>,
) -> DecisionOutcome {
    let DecisionOutcome::Call(call) = &outcome else {
        return outcome;
    };
    let Some(answer) = (context.ask)(call) else {
        return outcome;
    };
    let decider = Decider {
        world,
        merchant: origin.merchant,
        actor: origin.actor,
        context,
    };
    decider
        .learn(&RailFact::answer(call, answer))
        .and_then(|decision| world.apply(origin, decision, context))
        .unwrap_or(outcome)
}

fn name(merchant: MerchantId, claim: &Claim) -> (MerchantId, String) {
    (merchant, claim.key.as_str().to_owned())
}

/// The attempt carries the key, so that the one who finishes it can answer the request.
fn with_key(mut decision: Decision, claim: Option<&Claim>) -> Decision {
    if let (Some(claim), DecisionOutcome::Call(call)) = (claim, &decision.outcome) {
        let key = claim.key.as_str().to_owned();
        for change in &mut decision.changes {
            if let Change::Attempt(attempt) = change
                && attempt.id == call.attempt
            {
                attempt.idempotency_key = Some(key.clone());
                attempt.key_fingerprint = Some(claim.fingerprint.0);
            }
        }
    }
    decision
}

/// Keeps the answer under the key of this request, or of the one that waits for the attempt.
/// Who finishes an attempt second, the caller or the resolver, gives the answer that is kept.
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
    let Command::Movement(MovementCommand::Learn(fact)) = &submission.command else {
        return reply;
    };
    let attempt = fact.attempt.map(|id| (merchant, id));
    let attempt = attempt.and_then(|name| world.attempts.get(&name));
    let Some((attempt, key)) = attempt.and_then(|a| Some((a, a.idempotency_key.clone()?))) else {
        return reply;
    };
    let fingerprint = attempt.key_fingerprint.map(Fingerprint);
    let waiting = (merchant, key);
    let Some(record) = world.keys.get(&waiting).cloned() else {
        return reply;
    };
    // A key that was forgotten and used again is another request's: its answer is not this one.
    if fingerprint.is_some_and(|own| own != record.fingerprint) {
        return reply;
    }
    if let Some(kept) = record.answer {
        return Reply::Answer(kept);
    }
    let answer = answer.cloned();
    world.keys.put(waiting, KeyRecord { answer, ..record });
    reply
}
