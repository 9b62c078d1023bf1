//! Keeping statements and finding out what their lines come to.

use super::StatementCommand;
use crate::{
    base::{
        event_type::EventType,
        ids::{StatementId, StatementLineId},
    },
    domain::{
        intents::{Attempt, Opening, State},
        rails::{CallKind, DeclineCode, RailAnswer, RailFact},
        reconciliation::{
            BankLine, BankLineObject, FoundBy, Import, ImportObject, ImportStatus, LineState,
            NewImport, Recognized, recognize,
        },
        statements::Flow,
    },
    writer::{
        Rejection,
        decider::{Decider, print},
        decision::{Decision, DecisionOutcome, EventDraft},
    },
};
use serde_json::value::RawValue;
use time::Time;

impl StatementCommand {
    /// What the command comes to.
    pub fn decide(&self, decider: &Decider<'_>) -> Result<Decision, Rejection> {
        match self {
            Self::Keep(new) => decider.keep_statement(new),
            Self::Match(id) => decider.match_line(*id),
            Self::Decide(id, action) => decider.decide_line(*id, action),
            Self::Finish(id) => decider.finish_statement(*id),
        }
    }
}

impl Decider<'_> {
    fn keep_statement(&self, new: &NewImport) -> Result<Decision, Rejection> {
        let account = (self.merchant, new.account());
        let account = self.world.rail_accounts.find(&account)?;
        account.ok_or(Rejection::NotFound("rail account"))?;
        let mut known = self.world.statements.values();
        let same = known.find(|import| {
            let file = (import.merchant, import.account, import.digest);
            file == (self.merchant, new.account(), new.digest())
        });
        if let Some(same) = same {
            return Ok(Decision::answer(200, &self.print_statement(same)?));
        }
        let (ambient, now) = (self.context.ambient, self.context.now);
        let maker = self.actor.to_string();
        let (import, lines) = new.create(self.merchant, maker, (ambient, now));
        let begun = DecisionOutcome::Begun(import.id);
        Ok(Decision::of(begun).with(import).with_all(lines))
    }

    fn match_line(&self, id: StatementLineId) -> Result<Decision, Rejection> {
        let line = self.world.statement_lines.find(&(self.merchant, id))?;
        let line = line.ok_or(Rejection::NotFound("statement line"))?;
        if line.state != LineState::Processing {
            return Ok(Decision::answer(200, &print(&BankLineObject::from(line))?));
        }
        let (decision, line) = if line.same_as.is_some() {
            (None, self.came_to(line, LineState::Duplicate))
        } else {
            self.learn_line(line)?
        };
        let said = Decision::answer(200, &print(&BankLineObject::from(&line))?);
        Ok(match decision {
            Some(learned) => Decision {
                outcome: said.outcome,
                ..learned
            },
            None => said,
        }
        .with(line))
    }

    pub(super) fn came_to(&self, line: &BankLine, state: LineState) -> BankLine {
        BankLine {
            state,
            updated_at: self.context.now,
            ..line.clone()
        }
    }

    /// Takes in what a line tells.
    fn learn_line(&self, line: &BankLine) -> Result<(Option<Decision>, BankLine), Rejection> {
        if line.amount.minor() == 0 {
            return Ok((None, self.came_to(line, LineState::Unexplained)));
        }
        let own = self.world.attempts.values();
        let own: Vec<&Attempt> = own.filter(|a| a.merchant == self.merchant).collect();
        let waits = |attempt: &Attempt| {
            let intent = self.world.intents.get(&(self.merchant, attempt.intent));
            let waiting = State::Processing(attempt.id, Opening::Transfer);
            intent.is_some_and(|intent| intent.state == waiting)
        };
        let succeeded = RailAnswer::Succeeded;
        let (kind, outcome, attempt) = match recognize(line, &own, waits) {
            Recognized::Payment(charge) => (CallKind::Charge, succeeded, Some(charge)),
            Recognized::Refund(refund) => (CallKind::Refund, succeeded, Some(refund)),
            Recognized::Return(refund) => {
                let back = RailAnswer::Declined(DeclineCode::ProcessingError);
                (CallKind::Refund, back, Some(refund))
            }
            Recognized::ExternalRefund(charge) => (CallKind::Refund, succeeded, Some(charge)),
            Recognized::Nothing if line.direction == Flow::In => {
                (CallKind::Charge, succeeded, None)
            }
            // What the merchant pays from the account is no payment of ours.
            Recognized::Nothing => return Ok((None, self.came_to(line, LineState::Unexplained))),
        };
        let fact = RailFact {
            route: line.route(),
            kind: kind.into(),
            outcome,
            attempt: attempt.map(|attempt| attempt.id),
            external_id: Some(line.external_id()),
            amount: Some(line.amount),
            reference: None,
            next_action: None,
            occurred_at: line
                .day()
                .map(|day| day.with_time(Time::MIDNIGHT).assume_utc()),
        };
        let decision = self.learn(&fact)?;
        let movement = decision.movement().map(|m| (m.id, m.reason));
        let state = match (movement, decision.changes.is_empty()) {
            (Some((_, reason)), _) => LineState::of(reason),
            (None, false) => LineState::Matched,
            // It was told before, by other means.
            (None, true) => LineState::Duplicate,
        };
        let line = BankLine {
            how: attempt.map(|_| FoundBy::Auto),
            intent: attempt.map(|attempt| attempt.intent),
            attempt: attempt.map(|attempt| attempt.id),
            movement: movement.map(|(id, _)| id),
            ..self.came_to(line, state)
        };
        Ok((Some(decision), line))
    }

    fn finish_statement(&self, id: StatementId) -> Result<Decision, Rejection> {
        let import = self.world.statements.find(&(self.merchant, id))?;
        let import = import.ok_or(Rejection::NotFound("statement"))?;
        match import.status {
            ImportStatus::Processed => Ok(Decision::answer(200, &self.print_statement(import)?)),
            ImportStatus::Processing if import.count(LineState::Processing) > 0 => {
                let why = "lines of the statement are not looked at yet";
                Err(Rejection::Internal(why.to_owned()))
            }
            ImportStatus::Processing => {
                let import = import.clone().finish(self.context.now);
                let data = self.print_statement(&import)?;
                let event = EventDraft::new(EventType::StatementProcessed, &data);
                Ok(Decision::answer(201, &data).with(import).causing([event]))
            }
        }
    }

    fn print_statement(&self, import: &Import) -> Result<Box<RawValue>, Rejection> {
        print(&ImportObject::new(import, self.mode()?))
    }
}
