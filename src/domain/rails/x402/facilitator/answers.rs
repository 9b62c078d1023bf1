//! What facilitators answer. No bytes make it panic, and nothing but a plain word of theirs means
//! that no money moved.

use super::super::{
    Address, Authorization, Bytes32, Doubt, Network,
    doubt::told,
    required::{SCHEME, VERSION},
};
use crate::domain::rails::DeclineCode;
use serde::{Deserialize, de::DeserializeOwned};

/// Whether a facilitator sees a payment for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presentation {
    /// Nobody was given it before.
    First,
    /// It was presented before, and may have been taken then. A refusal is then about what is left
    /// to do, and says nothing of what was done.
    Again,
}

/// What became of a payment that was presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It is on the chain, in a block that may still go.
    Settled(Settled),
    /// It was not brought there. It can be until it ends, by whoever holds it.
    Refused(Refusal),
    /// It may be there or not: look it up.
    Unknown {
        /// Why nobody knows.
        doubt: Doubt,
        /// The transaction that it may be in, if one is named.
        transaction: Option<Bytes32>,
    },
}

/// Where a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// In which transaction.
    pub transaction: Bytes32,
    /// On which chain.
    pub network: Network,
    /// Who paid.
    pub payer: Address,
}

impl Settled {
    /// Of a payment that is known by this reference, and by this name once it is on the chain.
    pub fn of(reference: Option<&str>, external_id: Option<&str>) -> Option<Self> {
        let mut parts = reference?.rsplitn(4, ':').skip(1);
        let payer = parts.next()?.parse().ok()?;
        let network = parts.nth(1)?.parse().ok()?;
        let (transaction, _) = external_id?.split_once(':')?;
        Some(Self {
            transaction: transaction.parse().ok()?,
            network,
            payer,
        })
    }
}

/// A facilitator says no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What follows.
    pub why: Why,
    /// Its word, such as `invalid_exact_evm_insufficient_balance`.
    pub reason: String,
}

/// Why a facilitator says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The payer does not hold enough of the token.
    Funds,
    /// The signature is not the payer's for this.
    Signature,
    /// It does not take payments like this: the account's settings are at fault.
    Terms,
}

impl Why {
    /// The same as other rails say it.
    pub fn decline(self) -> DeclineCode {
        match self {
            Self::Funds => DeclineCode::InsufficientFunds,
            Self::Signature => DeclineCode::AuthenticationFailed,
            Self::Terms => DeclineCode::ProcessingError,
        }
    }

    /// Of a word that means that nothing was brought to the chain. All others may come after a
    /// payment: so say those of a used nonce or a failed simulation, of a payment that has ended,
    /// and of a transaction.
    fn of(reason: &str) -> Option<Self> {
        match reason {
            "insufficient_funds" | "invalid_exact_evm_insufficient_balance" => Some(Self::Funds),
            "invalid_exact_evm_signature"
            | "invalid_exact_evm_payload_signature"
            | "invalid_exact_evm_failed_to_parse_signature"
            | "invalid_exact_evm_token_name_mismatch"
            | "invalid_exact_evm_token_version_mismatch"
            | "invalid_exact_evm_missing_eip712_domain" => Some(Self::Signature),
            "invalid_scheme"
            | "unsupported_scheme"
            | "invalid_exact_evm_scheme"
            | "invalid_network"
            | "network_mismatch"
            | "invalid_exact_evm_network_mismatch"
            | "invalid_x402_version"
            | "invalid_payload"
            | "unsupported_payload_type"
            | "invalid_payment_requirements"
            | "invalid_exact_evm_recipient_mismatch"
            | "invalid_exact_evm_payload_recipient_mismatch"
            | "invalid_exact_evm_authorization_value"
            | "invalid_exact_evm_payload_authorization_value"
            | "invalid_exact_evm_payload_authorization_value_mismatch"
            | "invalid_exact_evm_payload_authorization_valid_after"
            | "invalid_exact_evm_eip3009_not_supported"
            | "asset_not_deployed_contract" => Some(Self::Terms),
            _ => None,
        }
    }
}

/// What a facilitator thinks of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It would be taken.
    Valid,
    /// It would not.
    Invalid {
        /// Its word.
        reason: String,
    },
    /// No opinion came.
    Unknown(Doubt),
}

/// Payments that a facilitator takes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kind {
    x402_version: u64,
    scheme: String,
    network: String,
}

impl Kind {
    /// Whether payments as we ask for them on this chain are among them.
    pub fn is_ours(&self, network: Network) -> bool {
        let is_version = self.x402_version == u64::from(VERSION) && self.scheme == SCHEME;
        is_version && (self.network == network.to_string() || self.network == "eip155:*")
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SettlementBody {
    success: bool,
    error_reason: Option<String>,
    transaction: Option<String>,
    network: Option<String>,
    payer: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VerdictBody {
    is_valid: bool,
    invalid_reason: Option<String>,
    payer: Option<String>,
}

#[derive(Deserialize)]
struct SupportedBody {
    kinds: Vec<Kind>,
}

/// Reads what `/settle` answered with `status`; `body` is none if it did not come whole.
pub fn read_settlement(
    (status, body): (u16, Option<&[u8]>),
    authorization: &Authorization,
    presentation: Presentation,
) -> Settlement {
    let body: SettlementBody = match read(status, body, &[200, 400]) {
        Ok(body) => body,
        Err(doubt) => return unknown(doubt, None),
    };
    let named = body.transaction.filter(|named| !named.is_empty());
    let transaction = named.as_ref().and_then(|named| named.parse().ok());
    if !is_about(
        authorization,
        body.network.as_deref(),
        body.payer.as_deref(),
    ) {
        return unknown(Doubt::Foreign, transaction);
    }
    if body.success {
        return match transaction {
            Some(transaction) if status == 200 => Settlement::Settled(Settled {
                transaction,
                network: authorization.terms.network,
                payer: authorization.payer,
            }),
            Some(_) | None => unknown(Doubt::Unreadable, transaction),
        };
    }
    let reason = told(&body.error_reason.unwrap_or_default());
    match (presentation, Why::of(&reason), named) {
        (Presentation::First, Some(why), None) => Settlement::Refused(Refusal { why, reason }),
        (Presentation::First | Presentation::Again, _, _) => {
            unknown(Doubt::Said(reason), transaction)
        }
    }
}

fn unknown(doubt: Doubt, transaction: Option<Bytes32>) -> Settlement {
    Settlement::Unknown { doubt, transaction }
}

/// Whether an answer is about this payment, as far as it says. Answers of old facilitators may name
/// neither.
fn is_about(payment: &Authorization, network: Option<&str>, payer: Option<&str>) -> bool {
    let said = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_lowercase);
    said(network).is_none_or(|network| network == payment.terms.network.to_string())
        && said(payer).is_none_or(|payer| payer == payment.payer.lower())
}

/// Reads what `/verify` answered.
pub fn read_verdict(
    (status, body): (u16, Option<&[u8]>),
    authorization: &Authorization,
) -> Verdict {
    let body: VerdictBody = match read(status, body, &[200, 400]) {
        Ok(body) => body,
        Err(doubt) => return Verdict::Unknown(doubt),
    };
    if !is_about(authorization, None, body.payer.as_deref()) {
        Verdict::Unknown(Doubt::Foreign)
    } else if !body.is_valid {
        let reason = told(&body.invalid_reason.unwrap_or_default());
        Verdict::Invalid { reason }
    } else if status == 200 {
        Verdict::Valid
    } else {
        Verdict::Unknown(Doubt::Status(status))
    }
}

/// Reads what `/supported` answered.
pub fn read_supported((status, body): (u16, Option<&[u8]>)) -> Result<Vec<Kind>, Doubt> {
    let body: SupportedBody = read(status, body, &[200])?;
    Ok(body.kinds)
}

fn read<T: DeserializeOwned>(
    status: u16,
    body: Option<&[u8]>,
    statuses: &[u16],
) -> Result<T, Doubt> {
    if !statuses.contains(&status) {
        return Err(Doubt::Status(status));
    }
    serde_json::from_slice(body.ok_or(Doubt::Unreadable)?).map_err(|_| Doubt::Unreadable)
}
