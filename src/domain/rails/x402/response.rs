//! What a payer is told of a payment that was brought to the chain, and its header.

use super::{Address, Network, facilitator::Settled, header};
use serde::Serialize;

/// The header.
pub const PAYMENT_RESPONSE: &str = "PAYMENT-RESPONSE";

/// What became of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentResponse {
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_reason: Option<String>,
    /// Empty if there is none; the member must be there.
    transaction: String,
    network: Network,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<Address>,
}

impl PaymentResponse {
    /// It is on the chain.
    pub fn settled(settled: &Settled) -> Self {
        Self {
            success: true,
            error_reason: None,
            transaction: settled.transaction.to_string(),
            network: settled.network,
            payer: Some(settled.payer),
        }
    }

    /// It is not, or nobody knows yet: then the reason says that, too.
    pub fn failed(network: Network, payer: Option<Address>, reason: impl Into<String>) -> Self {
        Self {
            success: false,
            error_reason: Some(reason.into()),
            transaction: String::new(),
            network,
            payer,
        }
    }

    /// The value of the header [`PAYMENT_RESPONSE`].
    pub fn header(&self) -> String {
        header::write(self)
    }
}
