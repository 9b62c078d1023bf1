//! x402: a program that is asked for payment with status 402 signs an authorization to move a
//! token, and a facilitator brings it to the chain. We hold no key and no money.
//!
//! Pure rules, and one driver that sends: [`Settings`] say what account is paid, a
//! [`PaymentRequired`] asks, [`check()`] takes what comes back, [`facilitator`] and [`chain`] say what
//! others are asked and read what they answer, [`Client`] sends, [`Order`] says what the answers mean for
//! one of our calls. The same inputs always make the
//! same bytes. An authorization can be used once and until it ends, by whoever holds it, so that a
//! lost answer is no danger: it is looked up, or the same bytes are presented again. Sources: the
//! specification of x402 version 2, its scheme `exact` on EVM chains, ERC-3009, EIP-55, CAIP-2.

mod address;
mod amount;
mod bytes32;
pub mod chain;
mod check;
mod client;
mod credentials;
mod doubt;
pub mod facilitator;
mod header;
mod hex;
mod network;
mod payload;
mod rail;
mod reference;
mod refused;
mod request;
mod required;
mod response;
#[cfg(test)]
mod sample;
mod settings;
mod signed;

pub use address::{Address, AddressError};
pub use amount::{AssetAmount, AssetAmountError, MOST_DECIMALS, NotPayable, asset_amount};
pub use bytes32::{Bytes32, Bytes32Error};
pub use check::{Authorization, CLOCKS, Expected, LEAST_REST, Terms, check};
pub use client::{AccountFault, Client, DEADLINE, EXCHANGE_BYTES, PATIENCE, Trail};
pub use credentials::Credentials;
pub use doubt::Doubt;
pub use header::LONGEST_HEADER;
pub use network::{Network, NetworkError};
pub use payload::{PAYMENT_SIGNATURE, Payload};
pub use rail::Order;
pub use refused::Refused;
pub use request::{Method, Request};
pub use required::{PAYMENT_REQUIRED, PaymentRequired, Requirements, Resource, VERSION};
pub use response::{PAYMENT_RESPONSE, PaymentResponse};
pub use settings::{Settings, SettingsObject};
pub use signed::{Signed, TokenAmount};
