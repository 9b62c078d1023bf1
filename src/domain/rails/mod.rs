//! Rails: the ways money moves. A rail is asked to charge, capture, void, close or refund, by the id
//! of our attempt, and tells facts, asked or not. It knows nothing of payment intents.

pub mod bank_transfer;
mod call;
mod declines;
mod fact;
mod sandbox;

pub use call::{CallKind, DeclineCode, PaymentMethod, RailAnswer, RailCall};
pub use declines::{DECLINES_OF_MANY, DECLINES_OF_ONE, TooManyDeclines};
pub use fact::RailFact;
pub use sandbox::SandboxMethod;

use std::time::Duration;

crate::names! {
    /// A way money moves.
    pub enum Rail {
        /// Moves no money: each payment method has one outcome. For tests and test keys.
        Sandbox = "sandbox",
    }
}

impl Rail {
    /// Whether it moves no real money, and so is nothing for live merchants.
    pub const fn is_for_tests(self) -> bool {
        match self {
            Self::Sandbox => true,
        }
    }

    /// What a rail that is reached without a network answers there and then, so that the call and
    /// its outcome can be one commit. `None`: send it, and record the answer when it comes.
    pub fn answer_at_once(call: &RailCall) -> Option<RailAnswer> {
        match call.rail {
            Self::Sandbox => sandbox::answer_at_once(call),
        }
    }

    #[expect(
        clippy::unused_async,
        reason = "a rail is across a network; the sandbox alone is not"
    )]
    /// Sends `call` to the rail. The rail knows it by its attempt and does it at most once.
    pub async fn send(self, call: &RailCall) -> RailAnswer {
        match self {
            Self::Sandbox => sandbox::send(call),
        }
    }

    #[expect(
        clippy::unused_async,
        reason = "a rail is across a network; the sandbox alone is not"
    )]
    /// Asks the rail what became of `call`, which may never have arrived.
    pub async fn look_up(self, call: &RailCall) -> RailAnswer {
        match self {
            Self::Sandbox => sandbox::look_up(call),
        }
    }

    /// How long a call may take before a worker asks what became of it.
    pub fn patience(self) -> Duration {
        match self {
            Self::Sandbox => Duration::from_secs(2),
        }
    }
}
