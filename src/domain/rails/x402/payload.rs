//! What a payer sends to pay, as it comes: nothing of it is believed yet.

use super::{Address, Bytes32, Network, Refused, header, reference::reference, required::VERSION};
use serde::{Deserialize, de::IgnoredAny};

/// The header that a payer sends.
pub const PAYMENT_SIGNATURE: &str = "PAYMENT-SIGNATURE";

/// A payment as it was sent, and its text.
#[derive(Clone, Debug)]
pub struct Payload {
    pub(super) accepted: Accepted,
    pub(super) signed: Signed,
    pub(super) original: String,
}

/// The way to pay that the payer says to have chosen.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Accepted {
    pub scheme: String,
    pub network: String,
    pub amount: String,
    pub asset: String,
    pub pay_to: String,
}

/// The scheme's own part. Whoever finds a member more in it might take the payment for another kind:
/// facilitators know those by their members.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signed {
    pub signature: String,
    pub authorization: Claim,
}

/// What the payer signed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Claim {
    pub from: String,
    pub to: String,
    pub value: String,
    pub valid_after: String,
    pub valid_before: String,
    pub nonce: String,
}

/// A member that comes twice is refused: two readers could read two payments.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(rename = "x402Version")]
    version: u64,
    accepted: Accepted,
    payload: Signed,
    #[serde(rename = "resource")]
    _resource: Option<IgnoredAny>,
    #[serde(rename = "extensions")]
    _extensions: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Versioned {
    #[serde(rename = "x402Version")]
    version: u64,
}

impl Payload {
    /// Reads the header [`PAYMENT_SIGNATURE`].
    pub fn read(header: &str) -> Result<Self, Refused> {
        Self::parse(header::read(header).ok_or(Refused::Payload)?)
    }

    /// What the payment is known by, if it is one: as [`super::Authorization::reference`].
    pub fn reference(&self) -> Option<String> {
        let claim = &self.signed.authorization;
        let network: Network = self.accepted.network.parse().ok()?;
        let asset: Address = self.accepted.asset.parse().ok()?;
        let payer: Address = claim.from.parse().ok()?;
        let nonce: Bytes32 = claim.nonce.parse().ok()?;
        Some(reference(network, (&asset, &payer), &nonce))
    }

    /// The payer's JSON, as it came.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// Reads the text that the header carries.
    pub(super) fn parse(original: String) -> Result<Self, Refused> {
        let of = |version| {
            if version == u64::from(VERSION) {
                Ok(())
            } else {
                Err(Refused::Version)
            }
        };
        let versioned: Versioned = serde_json::from_str(&original).map_err(|_| Refused::Payload)?;
        of(versioned.version)?;
        let document: Document = serde_json::from_str(&original).map_err(|_| Refused::Payload)?;
        of(document.version)?;
        Ok(Self {
            accepted: document.accepted,
            signed: document.payload,
            original,
        })
    }
}
