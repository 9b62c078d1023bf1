//! What people decide about lines: each way is a decision about the line's movement, so that the law
//! of money is that of movements.

use crate::{
    base::{
        ids::{IntentId, MovementId, StatementLineId},
        invalid::Invalid,
        money::Money,
    },
    domain::{
        movements::{Action, Decided, Movement},
        reconciliation::{
            BankLine, BankLineObject, FoundBy, ImportStatus, LineAction, LineDecision, LineError,
            LinePart, LineState, Mark,
        },
        statements::Flow,
    },
    writer::{
        Rejection,
        decider::{Decider, print},
        decision::Decision,
    },
};

/// A line that was decided about, and what that does to its money.
type DecidedLine = (BankLine, Option<Decision>);

impl Decider<'_> {
    /// Does with a line what a person says.
    pub(super) fn decide_line(
        &self,
        id: StatementLineId,
        action: &LineAction,
    ) -> Result<Decision, Rejection> {
        let line = self.world.statement_lines.find(&(self.merchant, id))?;
        let line = line.ok_or(Rejection::NotFound("statement line"))?;
        let (after, decision) = match action {
            LineAction::Match { intent, reason } => {
                self.match_by_hand(line, *intent, reason.as_deref())?
            }
            LineAction::Split(parts) => self.split_line(line, parts)?,
            LineAction::Unmatch { reason } => self.unmatch(line, reason)?,
            LineAction::Mark { mark, reason } => self.mark(line, *mark, reason.as_deref())?,
        };
        let said = Decision::answer(200, &print(&BankLineObject::from(&after))?);
        let decision = match decision {
            Some(decision) => Decision {
                outcome: said.outcome,
                ..decision
            },
            None => said,
        };
        let statement = (self.merchant, line.statement);
        let statement = self.world.statements.find(&statement)?;
        // While lines of it are not looked at, it is counted whenever it is read.
        let counted = statement
            .filter(|import| import.status == ImportStatus::Processed && line.state != after.state);
        let recounted = counted.map(|import| {
            let import = import.clone();
            import.recounted(line.state, after.state, self.context.now)
        });
        Ok(decision.with(after).with_all(recounted))
    }

    fn match_by_hand(
        &self,
        line: &BankLine,
        id: IntentId,
        reason: Option<&str>,
    ) -> Result<DecidedLine, Rejection> {
        let movement = self.money_of(line)?;
        self.named_intent("/payment_intent", id)?;
        // What is less than was asked for, or comes too late, only that intent takes which it names.
        let action = if movement.intent == Some(id) {
            Action::Accept
        } else {
            Action::Assign
        };
        let decided = Decided {
            action,
            intent: Some(id).filter(|_| action == Action::Assign),
            reason: reason.map(str::to_owned),
        };
        let decision = self.resolve_movement(movement.clone(), &decided)?;
        let paid = decision.intent();
        let is_exact = paid.is_some_and(|intent| {
            movement.flow == Flow::Out || intent.terms.amount == movement.amount
        });
        if !is_exact && reason.is_none() {
            let why =
                "says why it is taken, since the payment intent does not wait for just this money";
            return Err(Invalid::field("/reason", why).into());
        }
        let charge = paid.and_then(|intent| intent.charge);
        let how = if is_exact {
            FoundBy::Manual
        } else {
            FoundBy::Forced
        };
        let after = self.decided_about(line, LineState::Matched, (Some(how), reason));
        if movement.amount != line.amount {
            // It has paid another before: this is the rest.
            return Ok((after, Some(decision)));
        }
        let after = BankLine {
            intent: Some(id),
            attempt: charge.or(line.attempt),
            ..after
        };
        Ok((after, Some(decision)))
    }

    fn split_line(&self, line: &BankLine, parts: &[LinePart]) -> Result<DecidedLine, Rejection> {
        let movement = self.money_of(line)?;
        let amounts = amounts(&movement, parts)?;
        let (made, mut decision) = self.split(&movement, &amounts)?;
        for (at, (made, part)) in made.iter().zip(parts).enumerate() {
            let decided = match part.intent {
                Some(intent) => self.assign_part(made, intent, at)?,
                None => self.in_suspense(made)?,
            };
            decision = decision.and(decided);
        }
        let state = if parts.iter().all(|part| part.intent.is_some()) {
            LineState::Matched
        } else {
            line.state
        };
        let after = BankLine {
            parts: made.iter().map(|part| part.id).collect(),
            ..self.decided_about(line, state, (Some(FoundBy::Manual), None))
        };
        if movement.amount != line.amount {
            // It has paid another before: this is the rest.
            return Ok((after, Some(decision)));
        }
        let after = BankLine {
            intent: None,
            attempt: None,
            ..after
        };
        Ok((after, Some(decision)))
    }

    fn assign_part(
        &self,
        part: &Movement,
        intent: IntentId,
        at: usize,
    ) -> Result<Decision, Rejection> {
        let param = format!("/parts/{at}/payment_intent");
        self.named_intent(&param, intent)?;
        let assign = Decided {
            action: Action::Assign,
            intent: Some(intent),
            reason: None,
        };
        let decision = self.resolve_movement(part.clone(), &assign);
        decision.map_err(|error| {
            if let Rejection::Invalid(invalid) = error {
                Invalid { param, ..invalid }.into()
            } else {
                error
            }
        })
    }

    /// The line is as it was when we had found what we could.
    fn unmatch(&self, line: &BankLine, reason: &str) -> Result<DecidedLine, Rejection> {
        line.check_decided()?;
        let Some(id) = line.movement else {
            let after = self.decided_about(line, LineState::Unexplained, (None, Some(reason)));
            return Ok((after, None));
        };
        let movement = self.movement_of(line, id)?;
        let (again, decision) = if line.parts.is_empty() {
            self.undo(&movement, reason)?
        } else {
            self.unsplit(line, &movement, reason)?
        };
        let found = movement.intent.map(|_| FoundBy::Auto);
        let state = LineState::of(movement.reason);
        let after = BankLine {
            intent: movement.intent,
            attempt: movement.attempt,
            movement: Some(again.id),
            parts: Vec::new(),
            ..self.decided_about(line, state, (found, Some(reason)))
        };
        Ok((after, Some(decision)))
    }

    /// Undoes what was decided about the parts of a line, and makes them one again.
    fn unsplit(
        &self,
        line: &BankLine,
        whole: &Movement,
        reason: &str,
    ) -> Result<(Movement, Decision), Rejection> {
        let (mut parts, mut decisions) = (Vec::new(), Vec::new());
        for id in &line.parts {
            let part = self.movement_of(line, *id)?;
            if part.resolution.is_none() {
                parts.push(part);
            } else {
                let (again, decision) = self.undo(&part, reason)?;
                parts.push(again);
                decisions.push(decision);
            }
        }
        let (again, joined) = self.join(whole, &parts, reason)?;
        // A part that is in suspense again is made before it is joined.
        let decisions = decisions.into_iter().chain([joined]);
        let decision = decisions.reduce(Decision::and);
        let decision = decision.ok_or(LineError::Undecided(line.state))?;
        Ok((again, decision))
    }

    fn mark(
        &self,
        line: &BankLine,
        mark: Mark,
        reason: Option<&str>,
    ) -> Result<DecidedLine, Rejection> {
        line.check_open()?;
        let said = (Some(FoundBy::Manual), reason);
        match mark {
            Mark::Reviewed => Ok((self.decided_about(line, line.state, said), None)),
            Mark::Unrelated => {
                let after = BankLine {
                    intent: None,
                    attempt: None,
                    ..self.decided_about(line, LineState::Unrelated, said)
                };
                if line.movement.is_none() {
                    return Ok((after, None));
                }
                let movement = self.money_of(line)?;
                if movement.amount != line.amount {
                    return Err(LineError::HasPaid(line.state).into());
                }
                let keep = Decided {
                    action: Action::Keep,
                    intent: None,
                    reason: reason.map(str::to_owned),
                };
                let decision = self.resolve_movement(movement, &keep)?;
                Ok((after, Some(decision)))
            }
        }
    }

    /// The movement that is the money of a line which a person may decide about.
    fn money_of(&self, line: &BankLine) -> Result<Movement, Rejection> {
        line.check_open()?;
        let id = line.movement.ok_or(LineError::NotBooked(line.state))?;
        self.movement_of(line, id)
    }

    fn movement_of(&self, line: &BankLine, id: MovementId) -> Result<Movement, Rejection> {
        let movement = self.world.movements.find(&(self.merchant, id))?;
        movement
            .cloned()
            .ok_or_else(|| Rejection::Internal(format!("{id} of {} is missing", line.id)))
    }

    /// Refuses a payment intent that there is not, by the field that names it.
    fn named_intent(&self, param: &str, id: IntentId) -> Result<(), Rejection> {
        match self.world.intents.find(&(self.merchant, id))? {
            Some(_) => Ok(()),
            None => Err(Invalid::field(param, "names no payment intent of yours").into()),
        }
    }

    fn decided_about(
        &self,
        line: &BankLine,
        state: LineState,
        (how, reason): (Option<FoundBy>, Option<&str>),
    ) -> BankLine {
        BankLine {
            how,
            decision: Some(LineDecision {
                reason: reason.map(str::to_owned),
                by: self.actor.to_string(),
                at: self.context.now,
            }),
            ..self.came_to(line, state)
        }
    }
}

/// The amounts of parts, which must sum to all that is in suspense.
fn amounts(movement: &Movement, parts: &[LinePart]) -> Result<Vec<Money>, Invalid> {
    let currency = movement.amount.currency();
    let amounts = parts.iter().map(|part| part.amount.of(currency));
    let amounts: Vec<Money> = amounts.collect::<Result<_, Invalid>>()?;
    let zero = Money::zero(currency);
    let sum = amounts
        .iter()
        .try_fold(zero, |sum, part| sum.checked_add(*part));
    if sum.as_ref() == Ok(&movement.amount) {
        return Ok(amounts);
    }
    let (all, code) = (movement.amount, currency.code());
    let why = format!("must sum to {all} {code}, which is what is in suspense of this line");
    Err(Invalid::field("/parts", why))
}
