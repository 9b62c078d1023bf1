//! What people decide about lines: each way is a decision about the line's movement, so that the law
//! of money is that of movements.

use crate::{
    base::{
        ids::{IntentId, MovementId, StatementLineId},
        invalid::Invalid,
    },
    domain::{
        movements::{Action, Decided, Movement},
        reconciliation::{
            BankLine, BankLineObject, FoundBy, ImportStatus, LineAction, LineDecision, LineError,
            LineState, Mark,
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

    /// The line is as it was when we had found what we could.
    fn unmatch(&self, line: &BankLine, reason: &str) -> Result<DecidedLine, Rejection> {
        line.check_decided()?;
        let Some(id) = line.movement else {
            let after = self.decided_about(line, LineState::Unexplained, (None, Some(reason)));
            return Ok((after, None));
        };
        let movement = self.movement_of(line, id)?;
        let decision = self.undo(&movement, reason)?;
        let found = movement.intent.map(|_| FoundBy::Auto);
        let state = LineState::of(movement.reason);
        let after = BankLine {
            intent: movement.intent,
            attempt: movement.attempt,
            movement: decision.movement().map(|movement| movement.id),
            ..self.decided_about(line, state, (found, Some(reason)))
        };
        Ok((after, Some(decision)))
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
