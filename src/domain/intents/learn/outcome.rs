//! What becomes of an intent whose attempt succeeded or was declined.

use super::{Finished, Verdict};
use crate::{
    base::{event_type::EventType, money::Money},
    domain::{
        intents::{
            Attempt, CaptureMethod, Intent, LastError, Opening, Refund, RefundStatus, State, Sums,
            bookkeeping, error::Broken,
        },
        rails::{CallKind, DECLINES_OF_ONE, DeclineCode},
    },
};
use time::OffsetDateTime;

pub(super) fn succeeded(
    intent: Intent,
    attempt: Attempt,
    refund: Option<Refund>,
    now: OffsetDateTime,
) -> Result<Finished, Broken> {
    let intent = Intent {
        last_error: None,
        ..intent
    };
    let amount = attempt.amount;
    match attempt.kind {
        CallKind::Charge => charged(intent, attempt),
        CallKind::Capture => taken(intent, attempt, amount),
        CallKind::Void => Ok(voided(intent, attempt)),
        // What it comes to hangs on the charge that it closes (`close.rs`).
        CallKind::Close => Ok(Finished::quiet(intent, attempt, refund)),
        CallKind::Refund => given_back(intent, attempt, refund, now),
    }
}

pub(super) fn charged(intent: Intent, attempt: Attempt) -> Result<Finished, Broken> {
    let amount = attempt.amount;
    let sums = Sums {
        authorized: amount,
        ..intent.sums
    };
    let intent = Intent {
        charge: Some(attempt.id),
        route: attempt.route,
        method: attempt.method,
        sums,
        ..intent
    };
    match intent.terms.capture_method {
        CaptureMethod::Automatic => taken(intent, attempt, amount),
        CaptureMethod::Manual => {
            let intent = Intent {
                state: State::RequiresCapture,
                ..intent
            };
            let event = Some(EventType::IntentRequiresCapture);
            Ok(Finished {
                event,
                ..Finished::quiet(intent, attempt, None)
            })
        }
    }
}

fn voided(intent: Intent, attempt: Attempt) -> Finished {
    let reason = if let State::Processing(_, Opening::Void(reason)) = intent.state {
        reason
    } else {
        None
    };
    let authorized = Money::zero(intent.terms.amount.currency());
    let sums = Sums {
        authorized,
        ..intent.sums
    };
    let intent = Intent {
        state: State::Canceled(reason),
        sums,
        ..intent
    };
    Finished {
        event: Some(EventType::IntentCanceled),
        ..Finished::quiet(intent, attempt, None)
    }
}

fn given_back(
    intent: Intent,
    attempt: Attempt,
    refund: Option<Refund>,
    now: OffsetDateTime,
) -> Result<Finished, Broken> {
    let refunded = intent.sums.refunded.checked_add(attempt.amount)?;
    let refunding = intent.sums.refunding.checked_sub(attempt.amount)?;
    let intent = Intent {
        sums: Sums {
            refunded,
            refunding,
            ..intent.sums
        },
        ..intent
    };
    let refund = refund.map(|r| Refund {
        status: RefundStatus::Succeeded.into(),
        updated_at: now,
        ..r
    });
    let draft = refund
        .as_ref()
        .map(|refund| bookkeeping::refund(&intent, &attempt, refund))
        .transpose()?;
    let event = Some(EventType::RefundSucceeded);
    Ok(Finished {
        draft,
        event,
        ..Finished::quiet(intent, attempt, refund)
    })
}

pub(in crate::domain::intents) fn taken(
    intent: Intent,
    attempt: Attempt,
    amount: Money,
) -> Result<Finished, Broken> {
    let sums = Sums {
        captured: amount,
        ..intent.sums
    };
    let intent = Intent {
        state: State::Succeeded,
        sums,
        ..intent
    };
    let draft = Some(bookkeeping::capture(&intent, &attempt, amount)?);
    Ok(Finished {
        draft,
        event: Some(EventType::IntentSucceeded),
        ..Finished::quiet(intent, attempt, None)
    })
}

pub(super) fn declined(
    intent: Intent,
    attempt: Attempt,
    (refund, code): (Option<Refund>, DeclineCode),
    now: OffsetDateTime,
) -> Result<Finished, Broken> {
    let last_error = Some(LastError {
        decline_code: code,
        attempt: attempt.id,
    });
    let verdict = Verdict::Declined(code);
    let failed = |state, attempt| {
        let intent = Intent {
            state,
            last_error,
            ..intent.clone()
        };
        Finished {
            event: Some(EventType::IntentPaymentFailed),
            verdict,
            ..Finished::quiet(intent, attempt, None)
        }
    };
    Ok(match attempt.kind {
        CallKind::Charge => {
            // That no transfer came is nobody's guess at cards.
            let declines = match code {
                DeclineCode::NotPaidInTime => intent.declines,
                DeclineCode::CardDeclined
                | DeclineCode::InsufficientFunds
                | DeclineCode::AuthenticationFailed
                | DeclineCode::ProcessingError
                | DeclineCode::WrongAmount => intent.declines.add(DECLINES_OF_ONE, now),
            };
            let failed = failed(State::RequiresPayment, attempt);
            let intent = Intent {
                declines,
                ..failed.intent
            };
            Finished { intent, ..failed }
        }
        CallKind::Capture | CallKind::Void => failed(State::RequiresCapture, attempt),
        CallKind::Close => Finished::quiet(intent, attempt, refund),
        CallKind::Refund => {
            let refunding = intent.sums.refunding.checked_sub(attempt.amount)?;
            let intent = Intent {
                sums: Sums {
                    refunding,
                    ..intent.sums
                },
                ..intent
            };
            let refund = refund.map(|r| Refund {
                status: RefundStatus::Failed.into(),
                updated_at: now,
                ..r
            });
            Finished {
                event: Some(EventType::RefundFailed),
                ..Finished::quiet(intent, attempt, refund)
            }
        }
    })
}
