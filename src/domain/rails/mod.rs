//! Rails: the ways money moves. A rail is asked to charge, capture, void, close or refund, by the id
//! of our attempt, and tells facts, asked or not. It knows nothing of payment intents.

mod allowed;
mod answer;
pub mod bank_transfer;
mod call;
mod declines;
mod fact;
mod heard;
mod next_action;
mod route;
pub mod sandbox;
pub mod stripe;
pub mod x402;

pub use allowed::Rails;
pub use answer::{DeclineCode, RailAnswer};
pub use call::{CallKind, PaymentMethod, RailCall};
pub use declines::{DECLINES_OF_MANY, DECLINES_OF_ONE, TooManyDeclines};
pub use fact::{FactKind, RailFact};
pub use heard::{Heard, Sign};
pub use next_action::NextAction;
pub use route::Route;
pub use sandbox::{SandboxMethod, Scenario};

use std::time::Duration;

crate::names! {
    /// A way money moves.
    pub enum Rail {
        /// Moves no money: each payment method has one outcome. For tests and test keys.
        Sandbox = "sandbox",
        /// The payer sends the money from any bank, by a reference. It is seen on a statement.
        BankTransfer = "bank_transfer",
        /// The payer pays on a page of Stripe's, into the merchant's account there.
        Stripe = "stripe",
        /// A program pays at the pay page's address with a token of a chain, straight to the
        /// merchant's address there.
        X402 = "x402",
    }
}

impl Rail {
    /// Whether it moves no real money, and so is nothing for live merchants.
    pub const fn is_for_tests(self) -> bool {
        match self {
            Self::Sandbox => true,
            Self::BankTransfer | Self::Stripe | Self::X402 => false,
        }
    }

    /// Whether a program pays by it, and nobody on the pay page.
    pub const fn is_for_programs(self) -> bool {
        match self {
            Self::Sandbox | Self::BankTransfer | Self::Stripe => false,
            Self::X402 => true,
        }
    }

    /// Whether it can be asked to give money back.
    pub const fn refunds(self) -> bool {
        match self {
            Self::Sandbox | Self::BankTransfer | Self::Stripe => true,
            Self::X402 => false,
        }
    }

    /// Whether the payer sends the money without us. Nobody can be asked for it or keep it from
    /// coming, and each time that it comes it is other money.
    pub const fn is_push(self) -> bool {
        match self {
            Self::Sandbox | Self::Stripe | Self::X402 => false,
            Self::BankTransfer => true,
        }
    }

    /// Whether a merchant is paid by it through an account with a provider.
    pub const fn has_accounts(self) -> bool {
        match self {
            Self::Sandbox => false,
            Self::BankTransfer | Self::Stripe | Self::X402 => true,
        }
    }

    /// Whether it holds money until it is captured.
    pub const fn holds(self) -> bool {
        match self {
            Self::Sandbox | Self::Stripe => true,
            Self::BankTransfer | Self::X402 => false,
        }
    }

    /// Whether the payer acts at the provider, which ends that by itself in time. We ask now and then
    /// how it stands: what the provider tells may be lost.
    pub const fn ends_by_itself(self) -> bool {
        match self {
            Self::Sandbox | Self::BankTransfer | Self::X402 => false,
            Self::Stripe => true,
        }
    }

    /// What a rail that is reached without a network answers there and then, so that the call and
    /// its outcome can be one commit. `None`: send it, and record the answer when it comes.
    pub fn answer_at_once(call: &RailCall) -> Option<RailAnswer> {
        match call.route.rail {
            Self::Sandbox => sandbox::answer_at_once(call),
            Self::BankTransfer => Some(bank_transfer::answer(call.kind)),
            Self::Stripe | Self::X402 => None,
        }
    }

    /// What such a rail says when it is asked what became of a call.
    pub fn found_at_once(call: &RailCall) -> Option<RailAnswer> {
        match call.route.rail {
            Self::Sandbox => Some(sandbox::look_up(call)),
            Self::BankTransfer => Some(bank_transfer::answer(call.kind)),
            Self::Stripe | Self::X402 => None,
        }
    }

    /// When a worker asks again about a call that the rail has taken on.
    pub const fn asked_again_in(self) -> Duration {
        match self {
            Self::Sandbox | Self::BankTransfer | Self::Stripe => Duration::from_hours(1),
            // A block or two later: the payment waits to be deep enough.
            Self::X402 => Duration::from_secs(5),
        }
    }

    /// How long a call may take before a worker asks what became of it.
    pub fn patience(self) -> Duration {
        match self {
            Self::Sandbox | Self::BankTransfer => Duration::from_secs(2),
            Self::Stripe => stripe::PATIENCE,
            Self::X402 => x402::PATIENCE,
        }
    }
}
