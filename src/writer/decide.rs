//! Deciding: what a command comes to, as a pure function of what is loaded, the time, and the
//! ids that chance gives.

use super::{
    Command, MovementCommand, Rejection, Reply, StatementCommand, Submission,
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
    let clock = world.clock_ahead(*merchant);
    let moved = clock.map(|clock| context.ambient.ahead_by(clock.ahead));
    let context = if let (Some(clock), Some(ambient)) = (clock, &moved) {
        context.by(clock, ambient)
    } else {
        context
    };
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
        Ok(DecisionOutcome::Begun(statement)) => Reply::Begun(statement),
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

/// The attempt or the statement carries the key, so that the one who finishes it can answer the
/// request.
fn with_key(mut decision: Decision, claim: Option<&Claim>) -> Decision {
    let Some(claim) = claim else {
        return decision;
    };
    let (key, fingerprint) = (claim.key.as_str().to_owned(), claim.fingerprint.0);
    for change in &mut decision.changes {
        match (change, &decision.outcome) {
            (Change::Attempt(attempt), DecisionOutcome::Call(call))
                if attempt.id == call.attempt =>
            {
                attempt.idempotency_key = Some(key.clone());
                attempt.key_fingerprint = Some(fingerprint);
            }
            (Change::Import(import), DecisionOutcome::Begun(_)) => {
                import.idempotency_key = Some(key.clone());
                import.key_fingerprint = Some(fingerprint);
            }
            _ => {}
        }
    }
    decision
}

/// The key of the request that waits for what this command finishes, and what that request is.
fn waiting_key(world: &World, submission: &Submission) -> Option<(String, Option<[u8; 32]>)> {
    let merchant = submission.merchant;
    if let Command::Movement(MovementCommand::Learn(fact)) = &submission.command {
        let attempt = world.attempts.get(&(merchant, fact.attempt?))?;
        Some((attempt.idempotency_key.clone()?, attempt.key_fingerprint))
    } else if let Command::Statement(StatementCommand::Finish(id)) = &submission.command {
        let import = world.statements.get(&(merchant, *id))?;
        Some((import.idempotency_key.clone()?, import.key_fingerprint))
    } else {
        None
    }
}

/// Keeps the answer under the key of this request, or of the one that waits for what it finishes.
/// Who finishes a thing second, the caller or a worker, gives the answer that is kept.
fn keep(world: &mut World, submission: &Submission, reply: Reply) -> Reply {
    let merchant = submission.merchant;
    let answer: Option<&Answer> = match &reply {
        Reply::Answer(answer) => Some(answer),
        Reply::Call(_) | Reply::Begun(_) => None,
        Reply::Replay(_) => return reply,
    };
    if let Some(claim) = &submission.claim {
        let record = KeyRecord {
            fingerprint: claim.fingerprint,
            answer: answer.cloned(),
        };
        world.keys.put(name(merchant, claim), record);
    }
    let Some((key, fingerprint)) = waiting_key(world, submission) else {
        return reply;
    };
    let fingerprint = fingerprint.map(Fingerprint);
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
