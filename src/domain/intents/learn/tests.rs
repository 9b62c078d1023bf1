//! Facts that no intent waits for: none of them is lost, and none is counted twice.

use super::{Finished, Known, Told};
use crate::{
    base::{
        event_type::EventType,
        ids::{AttemptId, IntentId, MerchantId, RefundId},
        money::Money,
    },
    domain::{
        intents::{
            Attempt, AttemptStatus, CancellationReason, CaptureMethod, Ended, Ending, Intent,
            Opening, RefundIds, RefundStatus, State, Terms,
        },
        movements::{Flow, Reason, Unexpected},
        rails::{CallKind, DeclineCode, RailAnswer},
    },
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
const CHARGE: AttemptId = AttemptId(Uuid::from_u128(1));
const NEXT: AttemptId = AttemptId(Uuid::from_u128(2));
const FRESH: AttemptId = AttemptId(Uuid::from_u128(3));
const DECLINED: RailAnswer = RailAnswer::Declined(DeclineCode::CardDeclined);

fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, code.parse().unwrap())
}

fn eur(minor: i64) -> Money {
    money(minor, "EUR")
}

/// An intent of 10.00 that waits for its charge.
fn waiting(capture_method: CaptureMethod) -> (Intent, Attempt) {
    let terms = Terms {
        capture_method,
        ..Terms::of(eur(1000), Duration::minutes(1))
    };
    let (id, merchant) = (IntentId(Uuid::from_u128(9)), MerchantId(Uuid::from_u128(8)));
    let intent = Intent {
        state: State::Processing(CHARGE, Opening::Charge),
        ..Intent::new(id, merchant, terms, START)
    };
    let charge = Attempt::start(CHARGE, &intent, CallKind::Charge, eur(1000), START);
    (intent, charge)
}

fn learn(attempt: &Attempt, known: Known, told: impl Into<Told>) -> Option<Finished> {
    let now = START + Duration::seconds(30);
    attempt
        .clone()
        .learn(known, told.into(), FRESH, now)
        .unwrap()
}

fn alone(intent: &Intent) -> Known {
    Known {
        intent: intent.clone(),
        refund: None,
        charge: None,
        has_place: true,
    }
}

fn seen(amount: Money) -> Told {
    Told {
        amount: Some(amount),
        ..Told::from(RailAnswer::Succeeded)
    }
}

fn apart(reason: Reason, flow: Flow, amount: Money) -> Unexpected {
    Unexpected {
        reason,
        flow,
        amount,
    }
}

#[test]
fn a_charge_of_another_amount_leaves_the_difference_apart() {
    let usd = money(1000, "USD");
    let cases = [
        (eur(1000), Status::Paid, None),
        (
            eur(1250),
            Status::Paid,
            Some(apart(Reason::Over, Flow::In, eur(250))),
        ),
        (
            eur(999),
            Status::Open,
            Some(apart(Reason::Under, Flow::In, eur(999))),
        ),
        (
            usd,
            Status::Open,
            Some(apart(Reason::Currency, Flow::In, usd)),
        ),
    ];
    for (amount, status, unexpected) in cases {
        let (intent, charge) = waiting(CaptureMethod::Automatic);
        let finished = learn(&charge, alone(&intent), seen(amount)).unwrap();
        assert_eq!(finished.unexpected, unexpected, "{amount}");
        let (state, captured, outcome) = match status {
            Status::Paid => (State::Succeeded, eur(1000), AttemptStatus::Succeeded),
            Status::Open => (State::RequiresPayment, eur(0), AttemptStatus::Failed),
        };
        assert_eq!(finished.intent.state, state, "{amount}");
        assert_eq!(finished.intent.sums.captured, captured, "{amount}");
        assert_eq!(finished.attempt.status, outcome, "{amount}");
    }
}

enum Status {
    Paid,
    Open,
}

#[test]
fn money_of_a_charge_that_is_over_stands_apart() {
    let cases = [
        (State::RequiresPayment, Reason::Late),
        (State::Canceled(None), Reason::Late),
        (State::Expired, Reason::Late),
        (State::Succeeded, Reason::Duplicate),
        (State::Processing(NEXT, Opening::Charge), Reason::Late),
    ];
    for (state, reason) in cases {
        for status in [AttemptStatus::Failed, AttemptStatus::Closed] {
            let (intent, charge) = waiting(CaptureMethod::Automatic);
            let intent = Intent { state, ..intent };
            let charge = Attempt { status, ..charge };
            let finished = learn(&charge, alone(&intent), RailAnswer::Succeeded).unwrap();
            assert_eq!(
                finished.unexpected,
                Some(apart(reason, Flow::In, eur(1000)))
            );
            assert_eq!((finished.intent, finished.attempt), (intent, charge));
        }
    }
}

#[test]
fn what_is_held_for_nobody_is_let_go_once() {
    let (intent, charge) = waiting(CaptureMethod::Manual);
    let ended = Intent {
        state: State::Expired,
        ..intent
    };
    for status in [AttemptStatus::Closed, AttemptStatus::RequiresAction] {
        let charge = Attempt {
            status,
            ..charge.clone()
        };
        let finished = learn(&charge, alone(&ended), RailAnswer::Succeeded).unwrap();
        assert_eq!(finished.unexpected, None, "no money was taken");
        let void = &finished.others[0];
        assert_eq!((void.kind, void.charge), (CallKind::Void, Some(CHARGE)));
        assert!(void.ask_at <= Some(START + Duration::seconds(30)));
        assert_eq!(finished.attempt.status, AttemptStatus::Closed);
        let again = learn(&finished.attempt, alone(&ended), RailAnswer::Succeeded);
        assert_eq!(again, None);
    }
}

#[test]
fn the_first_charge_that_succeeds_pays() {
    let (intent, first) = waiting(CaptureMethod::Automatic);
    let second = Attempt::start(NEXT, &intent, CallKind::Charge, eur(1000), START);
    let both = Intent {
        state: State::RequiresAction(NEXT),
        ..intent
    };
    let paid = learn(&first, alone(&both), RailAnswer::Succeeded).unwrap();
    assert_eq!(paid.intent.state, State::Succeeded);
    assert_eq!(paid.intent.charge, Some(CHARGE));
    assert!(paid.draft.is_some());
    let twice = learn(&second, alone(&paid.intent), RailAnswer::Succeeded).unwrap();
    let surplus = Some(apart(Reason::Duplicate, Flow::In, eur(1000)));
    assert_eq!(twice.unexpected, surplus);
    assert_eq!(twice.attempt.status, AttemptStatus::Closed);
    assert_eq!(twice.intent, paid.intent);
}

/// A charge that waits for its payer, its intent, which is being ended, and the attempt to close it.
fn closing(expires: bool) -> (Intent, Attempt, Attempt) {
    let (intent, charge) = waiting(CaptureMethod::Automatic);
    let charge = Attempt {
        status: AttemptStatus::RequiresAction,
        ..charge
    };
    let intent = Intent {
        state: State::RequiresAction(CHARGE),
        ..intent
    };
    let ended = if expires {
        intent.expire(NEXT, START + Duration::minutes(1)).unwrap()
    } else {
        let reason = Some(CancellationReason::Duplicate);
        intent.cancel(reason, NEXT, START).unwrap()
    };
    let Ended::AfterCall(intent, close) = ended else {
        panic!("it ended without asking the rail");
    };
    assert_eq!((close.kind, close.charge), (CallKind::Close, Some(CHARGE)));
    (intent, charge, *close)
}

#[test]
fn an_intent_ends_once_its_charge_is_closed() {
    for expires in [false, true] {
        let (intent, charge, close) = closing(expires);
        let known = Known {
            charge: Some(charge),
            ..alone(&intent)
        };
        let ended = learn(&close, known, RailAnswer::Succeeded).unwrap();
        let state = if expires {
            State::Expired
        } else {
            State::Canceled(Some(CancellationReason::Duplicate))
        };
        assert_eq!(ended.intent.state, state);
        assert_eq!(ended.others[0].status, AttemptStatus::Closed);
    }
}

#[test]
fn who_pays_before_the_charge_is_closed_has_paid() {
    for expires in [false, true] {
        let (intent, charge, close) = closing(expires);
        let paid = learn(&charge, alone(&intent), RailAnswer::Succeeded).unwrap();
        assert_eq!(paid.intent.state, State::Succeeded);
        assert_eq!(paid.event, Some(EventType::IntentSucceeded));
        for answer in [RailAnswer::Succeeded, DECLINED] {
            let known = Known {
                charge: Some(paid.attempt.clone()),
                ..alone(&paid.intent)
            };
            let after = learn(&close, known, answer).unwrap();
            assert_eq!(after.intent, paid.intent, "{answer:?}");
            assert!(after.others.is_empty() && after.event.is_none());
        }
    }
}

#[test]
fn a_charge_that_cannot_be_closed_is_asked_about_at_once() {
    let (intent, charge, close) = closing(false);
    let known = Known {
        charge: Some(charge),
        ..alone(&intent)
    };
    let refused = learn(&close, known, DECLINED).unwrap();
    let charge = &refused.others[0];
    assert!(charge.ask_at <= Some(START + Duration::seconds(30)));
    let waits = State::Processing(CHARGE, Opening::Charge);
    assert_eq!(refused.intent.state, waits);
    let paid = learn(charge, alone(&refused.intent), RailAnswer::Succeeded).unwrap();
    assert_eq!(paid.intent.state, State::Succeeded);
}

#[test]
fn a_refund_that_comes_back_is_reversed() {
    let (intent, charge) = waiting(CaptureMethod::Automatic);
    let paid = learn(&charge, alone(&intent), RailAnswer::Succeeded).unwrap();
    let ids = RefundIds {
        refund: RefundId(Uuid::from_u128(4)),
        attempt: NEXT,
    };
    let begun = paid.intent.begin_refund(Some(eur(300)), None, ids, START);
    let (intent, refund, attempt) = begun.unwrap();
    let with = |intent: &Intent, refund| Known {
        refund,
        ..alone(intent)
    };
    let known = with(&intent, Some(refund));
    let gone = learn(&attempt, known, RailAnswer::Succeeded).unwrap();
    assert_eq!(gone.intent.sums.refunded, eur(300));
    let known = with(&gone.intent, gone.refund);
    let back = learn(&gone.attempt, known, DECLINED).unwrap();
    assert_eq!(back.intent.sums.refunded, eur(0));
    assert_eq!(back.intent.refundable(), Ok(eur(1000)));
    assert_eq!(back.event, Some(EventType::RefundFailed));
    assert_eq!(back.attempt.status, AttemptStatus::Reversed);
    let status = back.refund.as_ref().map(|refund| refund.status.clone());
    assert_eq!(status, Some(RefundStatus::Failed.into()));
    assert!(back.draft.is_some());
    let known = with(&back.intent, back.refund);
    // Neither is told anew, and no answer from before counts any more.
    for answer in [DECLINED, RailAnswer::Succeeded] {
        assert_eq!(learn(&back.attempt, known.clone(), answer), None);
    }
}

#[test]
fn an_authorization_that_lapses_ends_its_intent() {
    let (intent, charge) = waiting(CaptureMethod::Manual);
    let held = learn(&charge, alone(&intent), RailAnswer::Succeeded).unwrap();
    let lapsed = held.attempt.lapses(held.intent, FRESH, START).unwrap();
    let reason = Some(CancellationReason::AuthorizationExpired);
    assert_eq!(lapsed.intent.state, State::Canceled(reason));
    assert_eq!(lapsed.intent.sums.authorized, eur(0));
    assert_eq!(lapsed.others[0].status, AttemptStatus::Succeeded);
    let again = lapsed.attempt.lapses(lapsed.intent, FRESH, START);
    assert_eq!(again, None);
}

#[test]
fn an_amount_that_is_told_later_leaves_the_difference_apart() {
    let (intent, charge) = waiting(CaptureMethod::Automatic);
    let paid = learn(&charge, alone(&intent), RailAnswer::Succeeded).unwrap();
    let cases = [
        (eur(1000), None),
        (eur(1001), Some(apart(Reason::Over, Flow::In, eur(1)))),
        (eur(400), Some(apart(Reason::Under, Flow::Out, eur(600)))),
    ];
    for (amount, unexpected) in cases {
        let told = learn(&paid.attempt, alone(&paid.intent), seen(amount));
        assert_eq!(
            told.and_then(|told| told.unexpected),
            unexpected,
            "{amount}"
        );
    }
}

#[test]
fn a_charge_that_is_open_when_the_time_is_over_is_closed_until_it_is() {
    let (intent, charge, close) = closing(true);
    let late = START + Duration::minutes(2);
    let known = Known {
        charge: Some(charge),
        ..alone(&intent)
    };
    let refused = close.learn(known, DECLINED.into(), FRESH, late).unwrap();
    let refused = refused.unwrap();
    let still_open = RailAnswer::RequiresAction.into();
    let charge = refused.others[0].clone();
    let again = charge.learn(alone(&refused.intent), still_open, FRESH, late);
    let again = again.unwrap().unwrap();
    let waits = State::Processing(FRESH, Opening::Close(Ending::Expire));
    assert_eq!(again.intent.state, waits);
    assert_eq!(again.attempt.status, AttemptStatus::RequiresAction);
    assert!(
        again.others[0].ask_at > Some(late),
        "not at once, over and over"
    );
}
