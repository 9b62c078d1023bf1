//! The rules of an intent as tables: one line a case, every state with every verb, every kind of
//! attempt with every answer. And by chance: money taken and given back never exceeds its source.

use super::{
    Attempt, AttemptStatus, CaptureMethod, ChargeTerms, Ended, Ending, Finished, Intent,
    IntentError, Known, Opening, Refund, RefundIds, RefundStatus, State, Terms, Told,
};
use crate::{
    base::{
        event_type::EventType,
        ids::{AttemptId, IntentId, MerchantId, RefundId},
        money::Money,
    },
    domain::rails::{CallKind, DeclineCode, PaymentMethod, RailAnswer, SandboxMethod},
};
use proptest::prelude::*;
use std::collections::HashSet;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

const METHOD: PaymentMethod = PaymentMethod::Sandbox(SandboxMethod::Ok);
const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
const OPEN: AttemptId = AttemptId(Uuid::from_u128(1));
const NEXT: AttemptId = AttemptId(Uuid::from_u128(2));

fn eur(minor: i64) -> Money {
    Money::new(minor, "EUR".parse().unwrap())
}

fn intent(amount: i64, capture_method: CaptureMethod) -> Intent {
    let terms = Terms {
        capture_method,
        ..Terms::of(eur(amount), Duration::minutes(1))
    };
    let id = IntentId(Uuid::from_u128(9));
    Intent::new(id, MerchantId(Uuid::from_u128(8)), terms, START)
}

/// An intent of 10.00 in a state, at a time: `overdue` stands before an open state.
fn scene(words: &str) -> (Intent, OffsetDateTime) {
    let (now, word) = match words.strip_prefix("overdue ") {
        Some(word) => (START + Duration::minutes(1), word),
        None => (START + Duration::seconds(59), words),
    };
    let mut intent = intent(1000, CaptureMethod::Manual);
    let (state, authorized, captured) = match word {
        "requires_payment" => (State::RequiresPayment, 0, 0),
        "processing" => (State::Processing(OPEN, Opening::Charge), 0, 0),
        "requires_action" => (State::RequiresAction(OPEN), 0, 0),
        "requires_capture" => (State::RequiresCapture, 1000, 0),
        "succeeded" => (State::Succeeded, 1000, 800),
        "canceled" => (State::Canceled(None), 0, 0),
        "expired" => (State::Expired, 0, 0),
        other => panic!("no state {other}"),
    };
    intent.state = state;
    intent.sums.authorized = eur(authorized);
    intent.sums.captured = eur(captured);
    (intent, now)
}

fn asks(intent: &Intent, attempt: &Attempt) -> String {
    let (status, kind, amount) = (intent.state.status(), attempt.kind, attempt.amount);
    assert_eq!(attempt.status, AttemptStatus::Started);
    assert_eq!(attempt.id, NEXT);
    format!("{status}, asks {kind} {amount}")
}

fn refusal(error: &IntentError) -> String {
    match error {
        IntentError::InvalidState { status, .. } => format!("no, it is {status}"),
        IntentError::AmountTooLarge { most, .. } => format!("no, at most {most}"),
        IntentError::Declined { .. }
        | IntentError::TooManyDeclines(_)
        | IntentError::RailNotAvailable(_)
        | IntentError::NotRefundable(_)
        | IntentError::RailFailing(_)
        | IntentError::Broken(_) => {
            panic!("{error}")
        }
    }
}

fn act(intent: Intent, verb: &str, now: OffsetDateTime) -> Result<String, IntentError> {
    let amount = |text: &str| Money::parse_amount(text, "EUR".parse().unwrap()).unwrap();
    let words: Vec<&str> = verb.split(' ').collect();
    match words[..] {
        ["confirm"] => {
            let (intent, attempt) = intent.begin_charge(ChargeTerms::played(METHOD), NEXT, now)?;
            Ok(asks(&intent, &attempt))
        }
        ["capture", ref rest @ ..] => {
            let (intent, attempt) =
                intent.begin_capture(rest.first().map(|text| amount(text)), NEXT, now)?;
            Ok(asks(&intent, &attempt))
        }
        ["cancel"] => Ok(ended(&intent.cancel(None, NEXT, now)?)),
        ["refund", ref rest @ ..] => {
            let ids = RefundIds {
                refund: RefundId(Uuid::from_u128(3)),
                attempt: NEXT,
            };
            let amount = rest.first().map(|text| amount(text));
            let (intent, refund, attempt) = intent.begin_refund(amount, None, ids, now)?;
            assert_eq!(refund.amount, intent.sums.refunding);
            Ok(asks(&intent, &attempt))
        }
        ["expire"] => Ok(intent
            .expire(NEXT, now)
            .map_or_else(|| "stays".to_owned(), |end| ended(&end))),
        _ => panic!("no verb {verb}"),
    }
}

fn ended(end: &Ended) -> String {
    match end {
        Ended::Now(intent) => intent.state.status().to_string(),
        Ended::AfterCall(intent, attempt) => asks(intent, attempt),
    }
}

/// Splits a table into its lines and each line into its cells.
fn cells<const N: usize>(table: &str) -> Vec<[&str; N]> {
    let lines = table.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            cells.try_into().unwrap_or_else(|_| panic!("{line}"))
        })
        .collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one line for each state and verb")]
fn every_state_with_every_verb() {
    const TABLE: &str = "
        requires_payment         | confirm       | processing, asks charge 10.00
        requires_payment         | capture       | no, it is requires_payment
        requires_payment         | cancel        | canceled
        requires_payment         | refund        | no, it is requires_payment
        requires_payment         | expire        | stays
        overdue requires_payment | confirm       | no, it is expired
        overdue requires_payment | capture       | no, it is expired
        overdue requires_payment | cancel        | no, it is expired
        overdue requires_payment | refund        | no, it is expired
        overdue requires_payment | expire        | expired
        processing               | confirm       | no, it is processing
        processing               | capture       | no, it is processing
        processing               | cancel        | no, it is processing
        processing               | refund        | no, it is processing
        processing               | expire        | stays
        overdue processing       | confirm       | no, it is processing
        overdue processing       | capture       | no, it is processing
        overdue processing       | cancel        | no, it is processing
        overdue processing       | refund        | no, it is processing
        overdue processing       | expire        | stays
        requires_action          | confirm       | no, it is requires_action
        requires_action          | capture       | no, it is requires_action
        requires_action          | cancel        | processing, asks close 10.00
        requires_action          | refund        | no, it is requires_action
        requires_action          | expire        | stays
        overdue requires_action  | confirm       | no, it is requires_action
        overdue requires_action  | capture       | no, it is requires_action
        overdue requires_action  | cancel        | processing, asks close 10.00
        overdue requires_action  | refund        | no, it is requires_action
        overdue requires_action  | expire        | processing, asks close 10.00
        requires_capture         | confirm       | no, it is requires_capture
        requires_capture         | capture       | processing, asks capture 10.00
        requires_capture         | capture 8.00  | processing, asks capture 8.00
        requires_capture         | capture 10.01 | no, at most 10.00
        requires_capture         | cancel        | processing, asks void 10.00
        requires_capture         | refund        | no, it is requires_capture
        requires_capture         | expire        | stays
        overdue requires_capture | confirm       | no, it is requires_capture
        overdue requires_capture | capture       | processing, asks capture 10.00
        overdue requires_capture | cancel        | processing, asks void 10.00
        overdue requires_capture | refund        | no, it is requires_capture
        overdue requires_capture | expire        | stays
        succeeded                | confirm       | no, it is succeeded
        succeeded                | capture       | no, it is succeeded
        succeeded                | cancel        | no, it is succeeded
        succeeded                | refund        | succeeded, asks refund 8.00
        succeeded                | refund 0.01   | succeeded, asks refund 0.01
        succeeded                | refund 8.01   | no, at most 8.00
        succeeded                | expire        | stays
        overdue succeeded        | confirm       | no, it is succeeded
        overdue succeeded        | capture       | no, it is succeeded
        overdue succeeded        | cancel        | no, it is succeeded
        overdue succeeded        | refund        | succeeded, asks refund 8.00
        overdue succeeded        | expire        | stays
        canceled                 | confirm       | no, it is canceled
        canceled                 | capture       | no, it is canceled
        canceled                 | cancel        | no, it is canceled
        canceled                 | refund        | no, it is canceled
        canceled                 | expire        | stays
        expired                  | confirm       | no, it is expired
        expired                  | capture       | no, it is expired
        expired                  | cancel        | no, it is expired
        expired                  | refund        | no, it is expired
        expired                  | expire        | stays
    ";
    let mut seen = HashSet::new();
    for [state, verb, expected] in cells(TABLE) {
        let (intent, now) = scene(state);
        let result = act(intent, verb, now).unwrap_or_else(|error| refusal(&error));
        assert_eq!(result, expected, "{state} | {verb}");
        let verb = verb.split(' ').next().unwrap();
        seen.insert((state.trim_start_matches("overdue ").to_owned(), verb));
    }
    assert_eq!(
        seen.len(),
        super::Status::WORDS.len() * 5,
        "a case is missing"
    );
}

fn attempt(kind: CallKind, intent: &Intent) -> (Intent, Attempt, Option<Refund>) {
    let mut intent = intent.clone();
    let attempt = |intent: &Intent, amount| Attempt::start(OPEN, intent, kind, amount, START);
    match kind {
        CallKind::Charge => intent.state = State::Processing(OPEN, Opening::Charge),
        CallKind::Capture => intent.state = State::Processing(OPEN, Opening::Capture),
        CallKind::Void => intent.state = State::Processing(OPEN, Opening::Void(None)),
        CallKind::Close => {
            intent.state = State::Processing(OPEN, Opening::Close(Ending::Cancel(None)));
        }
        CallKind::Refund => {
            intent.state = State::Succeeded;
            intent.sums.authorized = eur(1000);
            intent.sums.captured = eur(1000);
            let ids = RefundIds {
                refund: RefundId(Uuid::from_u128(3)),
                attempt: OPEN,
            };
            let begun = intent.begin_refund(Some(eur(300)), None, ids, START);
            let (intent, refund, attempt) = begun.unwrap();
            return (intent, attempt, Some(refund));
        }
    }
    if !matches!(kind, CallKind::Charge | CallKind::Close) {
        intent.sums.authorized = eur(1000);
    }
    let amount = if kind == CallKind::Capture { 800 } else { 1000 };
    let attempt = attempt(&intent, eur(amount));
    (intent, attempt, None)
}

/// What comes of it when a rail tells this of an attempt.
fn told(
    attempt: Attempt,
    (intent, refund): (Intent, Option<Refund>),
    told: impl Into<Told>,
    now: OffsetDateTime,
) -> Option<Finished> {
    let known = Known {
        intent,
        refund,
        charge: None,
        has_place: true,
    };
    attempt.learn(known, told.into(), NEXT, now).unwrap()
}

fn outcome(finished: Option<Finished>) -> String {
    let Some(finished) = finished else {
        return "nothing".to_owned();
    };
    let status = finished.intent.state.status();
    let event = finished.event.map_or("-", EventType::as_str);
    let booked = if finished.draft.is_some() {
        "books"
    } else {
        "-"
    };
    let sums = finished.intent.sums;
    let (held, taken, back) = (sums.authorized, sums.captured, sums.refunded);
    format!("{status} | {event} | {booked} | {held} {taken} {back}")
}

fn answer(word: &str) -> RailAnswer {
    match word {
        "succeeded" => RailAnswer::Succeeded,
        "declined" => RailAnswer::Declined(DeclineCode::CardDeclined),
        "pending" => RailAnswer::Pending,
        "unknown" => RailAnswer::Unknown,
        "requires_action" => RailAnswer::RequiresAction,
        other => panic!("no answer {other}"),
    }
}

/// The columns: what was asked, what the rail answers; the state, the event, whether an entry is
/// booked, and what is then held, taken and given back.
#[test]
fn every_attempt_with_every_answer() {
    const TABLE: &str = "
        automatic charge | succeeded       | succeeded        | payment_intent.succeeded        | books | 10.00 10.00 0.00
        automatic charge | declined        | requires_payment | payment_intent.payment_failed   | -     | 0.00 0.00 0.00
        automatic charge | pending         | processing       | payment_intent.processing       | -     | 0.00 0.00 0.00
        automatic charge | unknown         | processing       | payment_intent.processing       | -     | 0.00 0.00 0.00
        automatic charge | requires_action | requires_action  | payment_intent.requires_action  | -     | 0.00 0.00 0.00
        manual charge    | succeeded       | requires_capture | payment_intent.requires_capture | -     | 10.00 0.00 0.00
        manual charge    | declined        | requires_payment | payment_intent.payment_failed   | -     | 0.00 0.00 0.00
        manual charge    | pending         | processing       | payment_intent.processing       | -     | 0.00 0.00 0.00
        manual charge    | unknown         | processing       | payment_intent.processing       | -     | 0.00 0.00 0.00
        manual charge    | requires_action | requires_action  | payment_intent.requires_action  | -     | 0.00 0.00 0.00
        manual capture   | succeeded       | succeeded        | payment_intent.succeeded        | books | 10.00 8.00 0.00
        manual capture   | declined        | requires_capture | payment_intent.payment_failed   | -     | 10.00 0.00 0.00
        manual capture   | pending         | processing       | payment_intent.processing       | -     | 10.00 0.00 0.00
        manual capture   | unknown         | processing       | payment_intent.processing       | -     | 10.00 0.00 0.00
        manual void      | succeeded       | canceled         | payment_intent.canceled         | -     | 0.00 0.00 0.00
        manual void      | declined        | requires_capture | payment_intent.payment_failed   | -     | 10.00 0.00 0.00
        manual void      | pending         | processing       | payment_intent.processing       | -     | 10.00 0.00 0.00
        manual void      | unknown         | processing       | payment_intent.processing       | -     | 10.00 0.00 0.00
        automatic close  | succeeded       | canceled         | payment_intent.canceled         | -     | 0.00 0.00 0.00
        automatic close  | pending         | processing       | payment_intent.processing       | -     | 0.00 0.00 0.00
        automatic close  | unknown         | processing       | payment_intent.processing       | -     | 0.00 0.00 0.00
        automatic refund | succeeded       | succeeded        | refund.succeeded                | books | 10.00 10.00 3.00
        automatic refund | declined        | succeeded        | refund.failed                   | -     | 10.00 10.00 0.00
        automatic refund | pending         | succeeded        | -                               | -     | 10.00 10.00 0.00
        automatic refund | unknown         | succeeded        | -                               | -     | 10.00 10.00 0.00
    ";
    for [asked, word, status, event, booked, sums] in cells(TABLE) {
        let (method, kind) = asked.split_once(' ').unwrap();
        let intent = intent(1000, method.parse().unwrap());
        let (intent, attempt, refund) = attempt(kind.parse().unwrap(), &intent);
        let finished = told(attempt, (intent, refund), answer(word), START);
        let expected = format!("{status} | {event} | {booked} | {sums}");
        assert_eq!(outcome(finished.clone()), expected, "{asked} | {word}");
        let Finished {
            attempt,
            intent,
            refund,
            ..
        } = finished.unwrap();
        let last = ["succeeded", "declined"].contains(&word);
        assert_eq!(attempt.is_final(), last, "{asked} | {word}");
        if last {
            let again = told(attempt, (intent, refund), answer(word), START);
            assert_eq!(again, None, "a final answer is not taken twice");
        }
    }
}

/// An answer that comes after the time of an intent ends it, if nothing is under way then.
#[test]
fn answers_that_come_late() {
    const TABLE: &str = "
        automatic charge | declined        | expired          | payment_intent.payment_failed
        automatic charge | requires_action | processing       | -
        automatic charge | pending         | processing       | payment_intent.processing
        automatic charge | succeeded       | succeeded        | payment_intent.succeeded
        manual capture   | declined        | requires_capture | payment_intent.payment_failed
    ";
    for [asked, word, status, event] in cells(TABLE) {
        let (method, kind) = asked.split_once(' ').unwrap();
        let intent = intent(1000, method.parse().unwrap());
        let (intent, attempt, _) = attempt(kind.parse().unwrap(), &intent);
        let late = START + Duration::minutes(1);
        let finished = told(attempt, (intent, None), answer(word), late);
        let outcome = outcome(finished);
        let expected = format!("{status} | {event} |");
        assert!(
            outcome.starts_with(&expected),
            "{asked} | {word}: {outcome}"
        );
    }
}

/// What the rail said once is not taken back by an answer that got lost later, and each change
/// of the state is told.
#[test]
fn answers_that_follow_each_other() {
    const TABLE: &str = "
        unknown         | requires_action | requires_action | payment_intent.requires_action
        unknown         | pending         | processing      | -
        pending         | unknown         | processing      | -
        pending         | requires_action | requires_action | payment_intent.requires_action
        requires_action | unknown         | requires_action | -
        requires_action | pending         | processing      | payment_intent.processing
        requires_action | requires_action | requires_action | -
    ";
    for [first, second, status, event] in cells(TABLE) {
        let intent = intent(1000, CaptureMethod::Automatic);
        let (intent, attempt, _) = attempt(CallKind::Charge, &intent);
        let once = told(attempt, (intent, None), answer(first), START).unwrap();
        let twice = told(once.attempt, (once.intent, None), answer(second), START).unwrap();
        let event_told = twice.event.map_or("-", EventType::as_str);
        assert_eq!(
            (twice.intent.state.status().as_str(), event_told),
            (status, event),
            "{first} | {second}"
        );
        let waits = twice.attempt.status == AttemptStatus::RequiresAction;
        assert_eq!(waits, status == "requires_action", "{first} | {second}");
        assert_eq!(twice.attempt.ask_at.is_none(), waits, "{first} | {second}");
    }
}

proptest! {
    #[test]
    fn what_is_taken_and_given_back_never_exceeds_its_source(
        amount in 1_i64..2_000,
        capture in 1_i64..2_500,
        refunds in prop::collection::vec((1_i64..900, any::<bool>(), any::<bool>()), 0..12),
    ) {
        let (held, charge, _) = attempt(CallKind::Charge, &intent(amount, CaptureMethod::Manual));
        let charge = Attempt { amount: eur(amount), ..charge };
        let held = told(charge, (held, None), RailAnswer::Succeeded, START).unwrap().intent;
        let begun = held.begin_capture(Some(eur(capture)), NEXT, START);
        prop_assert_eq!(begun.is_ok(), capture <= amount);
        let Ok((waiting, attempt)) = begun else { return Ok(()) };
        let mut intent = told(attempt, (waiting, None), RailAnswer::Succeeded, START).unwrap().intent;
        let (mut back, mut open) = (0, Vec::new());
        for (number, (minor, goes_well, at_once)) in (10..).zip(refunds) {
            let ids = RefundIds { refund: RefundId(Uuid::from_u128(number)), attempt: AttemptId(Uuid::from_u128(number)) };
            let set_aside: i64 = open.iter().map(|(refund, _, _): &(Refund, Attempt, bool)| refund.amount.minor()).sum();
            let begun = intent.clone().begin_refund(Some(eur(minor)), None, ids, START);
            prop_assert_eq!(begun.is_ok(), back + set_aside + minor <= capture);
            if let Ok((next, refund, attempt)) = begun {
                intent = next;
                open.push((refund, attempt, goes_well));
            }
            if at_once && let Some((refund, attempt, goes_well)) = open.pop() {
                let answer = if goes_well { RailAnswer::Succeeded } else { RailAnswer::Declined(DeclineCode::ProcessingError) };
                let done = told(attempt, (intent, Some(refund.clone())), answer, START).unwrap();
                prop_assert_eq!(done.draft.is_some(), goes_well);
                let ended = if goes_well { RefundStatus::Succeeded } else { RefundStatus::Failed };
                prop_assert_eq!(done.refund.unwrap().status, ended);
                back += if goes_well { refund.amount.minor() } else { 0 };
                intent = done.intent;
            }
            prop_assert_eq!(intent.sums.refunded.minor(), back);
            let gone = intent.sums.refunded.minor() + intent.sums.refunding.minor();
            prop_assert!(gone <= intent.sums.captured.minor());
            prop_assert!(intent.sums.captured.minor() <= intent.sums.authorized.minor());
            prop_assert!(intent.sums.refunding.minor() >= 0);
            prop_assert_eq!(intent.state, State::Succeeded);
        }
    }
}
