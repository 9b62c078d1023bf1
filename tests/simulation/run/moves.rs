//! What happens next: a request, an answer of the rail, a report, or a worker's tick.

use super::{Flight, Move, Run};
use crate::crowd::Desk;
use threadpay::{
    ids::{IntentId, MerchantId},
    intents::{Attempt, State},
    links::LinkStatus,
    rails::{DeclineCode, RailAnswer},
    writer::{Awaited, Command, Submission, Ticket},
};

impl Run {
    pub(super) fn gather(&mut self) -> Vec<Move> {
        let size = 1 + self.dice.below(10);
        let mut moves = Vec::new();
        for _ in 0..size {
            match self.dice.below(100) {
                0..55 => moves.push(self.request()),
                55..90 => moves.extend(self.deliver()),
                90..94 => moves.extend(self.report()),
                94..97 => moves.extend(self.resolve()),
                _ => moves.extend(self.expire()),
            }
        }
        moves
    }

    fn request(&mut self) -> Move {
        let desk = Desk {
            store: &self.store,
            merchants: &self.merchants,
        };
        Move::of(self.crowd.next(&desk, &mut self.dice))
    }

    /// An answer of the rail arrives: any of them, and sometimes not for the last time.
    fn deliver(&mut self) -> Option<Move> {
        if self.flights.is_empty() {
            return None;
        }
        let index = self.dice.below(self.flights.len());
        let flight = self.flights.swap_remove(index);
        if self.dice.percent(10) {
            let awaited = false;
            self.flights.push(Flight {
                awaited,
                ..flight.clone()
            });
        }
        let command = Command::Finish(flight.ticket.clone(), flight.answer);
        let submission = by_worker(flight.merchant, command);
        Some(Move {
            flight: Some(flight),
            ..Move::of(submission)
        })
    }

    /// Somebody reports an action or an outcome, often of an intent that waits for no such thing.
    fn report(&mut self) -> Option<Move> {
        let waits = |s: State| matches!(s, State::Processing(..) | State::RequiresAction(_));
        let rows = self.store.intents.iter();
        let open = rows.filter(|(_, intent)| waits(intent.state));
        let open: Vec<(MerchantId, IntentId)> = open.map(|(key, _)| *key).collect();
        let all: Vec<(MerchantId, IntentId)> = self.store.intents.keys().copied().collect();
        let from = if self.dice.percent(80) { open } else { all };
        let (merchant, intent) = self.dice.pick(&from)?;
        let awaited = [Awaited::Action, Awaited::Outcome];
        let answers = [
            RailAnswer::Succeeded,
            RailAnswer::Declined(DeclineCode::AuthenticationFailed),
        ];
        let awaited = self.dice.pick(&awaited)?;
        let answer = self.dice.pick(&answers)?;
        let reported = match self.store.intents[&(merchant, intent)].state {
            State::Processing(id, _) | State::RequiresAction(id) => Some((id, answer)),
            State::RequiresPayment
            | State::RequiresCapture
            | State::Succeeded
            | State::Canceled(_)
            | State::Expired => None,
        };
        let command = Command::Report(intent, awaited, answer);
        Some(Move {
            reported,
            ..Move::of(by_worker(merchant, command))
        })
    }

    /// The resolver asks the rail about everything that is due.
    pub(super) fn resolve(&mut self) -> Vec<Move> {
        let now = self.ambient.now();
        let attempts = self.store.attempts.values();
        let due = attempts.filter(|attempt| attempt.ask_at.is_some_and(|at| at <= now));
        let due: Vec<_> = due.cloned().collect();
        let ask = |attempt: Attempt| {
            let intent = &self.store.intents[&(attempt.merchant, attempt.intent)];
            let ticket = Ticket::of(&attempt, intent.charge);
            let answer = self.rail.look_up(&ticket.call, &mut self.dice);
            let command = Command::Finish(ticket, answer);
            Move::of(by_worker(attempt.merchant, command))
        };
        due.into_iter().map(ask).collect()
    }

    /// The expirer ends what is overdue.
    pub(super) fn expire(&mut self) -> Vec<Move> {
        let now = self.ambient.now();
        let intents = self.store.intents.iter().filter(|(_, intent)| {
            let open = matches!(
                intent.state,
                State::RequiresPayment | State::RequiresAction(_)
            );
            open && intent.expires_at() <= now
        });
        let intents = intents.map(|((merchant, id), _)| (*merchant, Command::ExpireIntent(*id)));
        let links = self.store.links.iter().filter(|(_, link)| {
            let over = link.expires_at().is_some_and(|at| at <= now);
            over && link.status == LinkStatus::Active
        });
        let links = links.map(|((merchant, id), _)| (*merchant, Command::ExpireLink(*id)));
        let commands: Vec<_> = intents.chain(links).collect();
        self.tally.expired += commands.len();
        let moved = |(merchant, command)| Move::of(by_worker(merchant, command));
        commands.into_iter().map(moved).collect()
    }
}

fn by_worker(merchant: MerchantId, command: Command) -> Submission {
    Submission {
        merchant,
        command,
        claim: None,
        request_id: String::new(),
    }
}
