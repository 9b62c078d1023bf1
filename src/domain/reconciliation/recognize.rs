//! What a line of a statement is the money of. Never a guess: a line that could be for two things is
//! for neither.

use super::BankLine;
use crate::domain::{
    intents::{Attempt, AttemptStatus},
    rails::CallKind,
    statements::Flow,
};
use time::OffsetDateTime;

/// What a line is the money of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recognized<'a> {
    /// The payment that this attempt asks for.
    Payment(&'a Attempt),
    /// The refund that this attempt gives.
    Refund(&'a Attempt),
    /// A refund that came back.
    Return(&'a Attempt),
    /// Money that went back to the payer of this charge, without us.
    ExternalRefund(&'a Attempt),
    /// Nothing that we know of.
    Nothing,
}

/// What a line is the money of, among these attempts: all that have one of its references, and where
/// it has none, all that wait for just its amount (`waits` says which their intents wait for).
pub fn recognize<'a>(
    line: &BankLine,
    attempts: &[&'a Attempt],
    waits: impl Fn(&Attempt) -> bool,
) -> Recognized<'a> {
    let here = attempts
        .iter()
        .copied()
        .filter(|attempt| attempt.route.account == Some(line.account));
    let refunds: Vec<_> = line.refunds().collect();
    let refund = here.clone().find(|attempt| {
        attempt.kind == CallKind::Refund && attempt.refund.is_some_and(|id| refunds.contains(&id))
    });
    if let Some(refund) = refund {
        return match line.direction {
            Flow::Out => Recognized::Refund(refund),
            Flow::In => Recognized::Return(refund),
        };
    }
    let charges = here.filter(|attempt| attempt.kind == CallKind::Charge);
    let named = charges.clone().filter(|attempt| {
        let reference = attempt.reference.as_ref();
        reference.is_some_and(|reference| line.candidates.contains(reference))
    });
    if let Some(charge) = the_one(named.clone(), &waits) {
        return match line.direction {
            Flow::In => Recognized::Payment(charge),
            Flow::Out => Recognized::ExternalRefund(charge),
        };
    }
    let can_be_told_by_amount = line.direction == Flow::In
        && line.is_alone
        && named.clone().next().is_none()
        && !line.has_reference();
    if !can_be_told_by_amount {
        return Recognized::Nothing;
    }
    let fitting = charges
        .filter(|charge| charge.amount == line.amount && waits(charge) && is_in_time(charge, line));
    let mut fitting = fitting.take(2);
    match (fitting.next(), fitting.next()) {
        (Some(charge), None) => Recognized::Payment(charge),
        (_, Some(_)) | (None, None) => Recognized::Nothing,
    }
}

/// The attempt that is meant, if all are of one payment: that which is waited for, else the newest.
fn the_one<'a>(
    charges: impl Iterator<Item = &'a Attempt> + Clone,
    waits: impl Fn(&Attempt) -> bool,
) -> Option<&'a Attempt> {
    let first = charges.clone().next()?;
    if charges.clone().any(|charge| charge.intent != first.intent) {
        return None;
    }
    let open = |charge: &Attempt| charge.status == AttemptStatus::Pending;
    charges.max_by_key(|charge| (waits(charge), open(charge), charge.id))
}

/// Whether money of this day can be of a charge: banks book by the day, each in its own zone.
fn is_in_time(charge: &Attempt, line: &BankLine) -> bool {
    let Some(day) = line.day() else {
        return false;
    };
    let until = charge.expires_at.map(OffsetDateTime::date);
    let begun = charge.created_at.date().previous_day();
    let end = until.and_then(time::Date::next_day);
    begun.is_none_or(|begun| begun <= day) && end.is_none_or(|end| day <= end)
}
