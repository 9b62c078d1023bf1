//! The sandbox rail. It keeps nothing: what a method is called decides what becomes of it, and when, so
//! it answers the same after a crash as before.

mod scenario;

pub use scenario::{First, News, Scenario, ScenarioError, Then, Webhook};

use super::{CallKind, DeclineCode, PaymentMethod, RailAnswer, RailCall};
use time::Duration;

crate::names! {
    /// A payment method of the sandbox.
    pub enum SandboxMethod {
        /// Succeeds at once.
        Ok = "pm_sandbox_ok",
        /// Is declined.
        Declined = "pm_sandbox_declined",
        /// Is declined for want of money.
        InsufficientFunds = "pm_sandbox_insufficient_funds",
        /// Waits for the payer to act.
        RequiresAction = "pm_sandbox_requires_action",
        /// Waits for an outcome that comes later.
        Pending = "pm_sandbox_pending",
        /// The answer is lost; the money did move.
        Timeout = "pm_sandbox_timeout",
        /// The answer is lost; the money did not move.
        TimeoutFailed = "pm_sandbox_timeout_failed",
    }
}

/// How a charge by a scenario, or closing it, is answered so long after the charge was made; none if it
/// is another call. Who has paid cannot be closed out.
pub fn play(call: &RailCall, since: Duration) -> Option<RailAnswer> {
    let scenario = call.scenario()?;
    match (call.kind, scenario.state(since)) {
        (CallKind::Close, RailAnswer::Succeeded) => {
            Some(RailAnswer::Declined(DeclineCode::ProcessingError))
        }
        (CallKind::Close, _) => Some(RailAnswer::Succeeded),
        (CallKind::Charge, state) => Some(state),
        (CallKind::Capture | CallKind::Void | CallKind::Refund, _) => None,
    }
}

/// The methods that play a lost answer play the network too.
pub(super) fn answer_at_once(call: &RailCall) -> Option<RailAnswer> {
    if call.scenario().is_some() {
        return None;
    }
    let answer = send(call);
    (answer != RailAnswer::Unknown).then_some(answer)
}

pub(super) fn send(call: &RailCall) -> RailAnswer {
    match (call.kind, call.method) {
        (CallKind::Charge, Some(PaymentMethod::Sandbox(method))) => match method {
            SandboxMethod::Ok => RailAnswer::Succeeded,
            SandboxMethod::Declined => RailAnswer::Declined(DeclineCode::CardDeclined),
            SandboxMethod::InsufficientFunds => {
                RailAnswer::Declined(DeclineCode::InsufficientFunds)
            }
            SandboxMethod::RequiresAction => RailAnswer::RequiresAction,
            SandboxMethod::Pending => RailAnswer::Pending,
            SandboxMethod::Timeout | SandboxMethod::TimeoutFailed => RailAnswer::Unknown,
        },
        (
            CallKind::Charge,
            Some(
                PaymentMethod::Scenario(_)
                | PaymentMethod::BankTransfer
                | PaymentMethod::Stripe
                | PaymentMethod::X402,
            )
            | None,
        ) => RailAnswer::Declined(DeclineCode::ProcessingError),
        (CallKind::Capture | CallKind::Void | CallKind::Close | CallKind::Refund, _) => {
            RailAnswer::Succeeded
        }
    }
}

pub(super) fn look_up(call: &RailCall) -> RailAnswer {
    match call.method {
        Some(PaymentMethod::Sandbox(SandboxMethod::Timeout)) => RailAnswer::Succeeded,
        Some(PaymentMethod::Sandbox(SandboxMethod::TimeoutFailed)) => {
            RailAnswer::Declined(DeclineCode::ProcessingError)
        }
        Some(
            PaymentMethod::Sandbox(
                SandboxMethod::Ok
                | SandboxMethod::Declined
                | SandboxMethod::InsufficientFunds
                | SandboxMethod::RequiresAction
                | SandboxMethod::Pending,
            )
            | PaymentMethod::Scenario(_)
            | PaymentMethod::BankTransfer
            | PaymentMethod::Stripe
            | PaymentMethod::X402,
        )
        | None => send(call),
    }
}
