//! What a payer who sent no payment is answered: the 402 of version 2, and the header
//! `PAYMENT-REQUIRED` that carries it.

use super::{Address, AssetAmount, Network, Settings, header};
use serde::Serialize;
use serde_json::{Map, Value};

/// The version of x402 that is spoken.
pub const VERSION: u8 = 2;
/// Its header.
pub const PAYMENT_REQUIRED: &str = "PAYMENT-REQUIRED";
/// The one scheme that we take: exactly the amount.
pub(super) const SCHEME: &str = "exact";

/// What has to be paid, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentRequired {
    x402_version: u8,
    /// Why what was sent did not pay, as one word; none if nothing was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What is paid for.
    pub resource: Resource,
    /// The ways to pay, of which one is enough.
    pub accepts: Vec<Requirements>,
    extensions: Map<String, Value>,
}

impl PaymentRequired {
    /// The answer that asks for one of these payments.
    pub fn new(resource: Resource, accepts: Vec<Requirements>, error: Option<String>) -> Self {
        Self {
            x402_version: VERSION,
            error,
            resource,
            accepts,
            extensions: Map::new(),
        }
    }

    /// The value of the header [`PAYMENT_REQUIRED`].
    pub fn header(&self) -> String {
        header::write(self)
    }
}

/// What is paid for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Where it was asked for.
    pub url: String,
    /// One line for people.
    pub description: String,
    /// What it is, such as `application/json`.
    pub mime_type: String,
}

/// One way to pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Requirements {
    scheme: &'static str,
    network: Network,
    amount: AssetAmount,
    asset: Address,
    pay_to: Address,
    max_timeout_seconds: u32,
    extra: Extra,
}

/// What payers need beside it to sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Extra {
    name: String,
    version: String,
    /// Payments by Permit2 have no nonce of the token's, so that we could not look them up.
    asset_transfer_method: &'static str,
}

impl Requirements {
    /// Asks for `amount` at this account, by an authorization that lives at most so many seconds.
    /// Facilitators want six seconds of them for themselves.
    pub fn new(settings: &Settings, amount: AssetAmount, seconds: u32) -> Self {
        Self {
            scheme: SCHEME,
            network: settings.network,
            amount,
            asset: settings.asset,
            pay_to: settings.pay_to,
            max_timeout_seconds: seconds,
            extra: Extra {
                name: settings.name.clone(),
                version: settings.version.clone(),
                asset_transfer_method: "eip3009",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{PaymentResponse, header, sample};
    use super::*;
    use serde_json::json;

    fn carried(header: &str) -> Value {
        serde_json::from_str(&header::read(header).unwrap()).unwrap()
    }

    #[test]
    fn the_header_asks_for_everything_that_a_payer_needs() {
        let resource = Resource {
            url: "https://pay.example/p/1".to_owned(),
            description: "Zoë's ☕".to_owned(),
            mime_type: "application/json".to_owned(),
        };
        let asked = vec![sample::requirements()];
        let error = Some("invalid_payload".to_owned());
        let required = PaymentRequired::new(resource, asked, error);
        let wanted = json!({
            "x402Version": 2, "error": "invalid_payload", "extensions": {},
            "resource": {
                "url": "https://pay.example/p/1", "description": "Zoë's ☕",
                "mimeType": "application/json",
            },
            "accepts": [{
                "scheme": "exact", "network": "eip155:8453", "amount": "12500000",
                "asset": "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
                "payTo": "0x209693Bc6afc0C5328bA36FaF03C514EF312287C", "maxTimeoutSeconds": 300,
                "extra": {"name": "USD Coin", "version": "2", "assetTransferMethod": "eip3009"},
            }],
        });
        assert_eq!(carried(&required.header()), wanted);
        assert!(serde_json::to_value(&required).is_ok_and(|value| value == wanted));
    }

    #[test]
    fn what_failed_names_no_transaction() {
        let network = sample::settings().network;
        let failed = PaymentResponse::failed(network, None, "settlement_pending");
        let wanted = json!({
            "success": false, "errorReason": "settlement_pending", "transaction": "",
            "network": "eip155:8453",
        });
        assert_eq!(carried(&failed.header()), wanted);
    }
}
