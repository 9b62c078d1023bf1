//! A payment that is about to be presented, as it is stored before.

use super::{Authorization, Requirements, Terms, facilitator};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A payment that was taken, with all that it takes to present it and to find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What the payer signed.
    pub authorization: Authorization,
    /// What facilitators are given, the same bytes each time.
    pub presented: String,
    /// The last block before anybody was given it; none if no node was asked.
    pub since: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    since: Option<u64>,
    presented: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Presented {
    payment_payload: Box<RawValue>,
}

/// What a payment is made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenAmount {
    /// The chain by its CAIP-2 name.
    #[schema(example = "eip155:8453")]
    network: String,
    /// The token's contract.
    #[schema(example = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913")]
    asset: String,
    /// How much, in the token's smallest units.
    #[schema(pattern = "^[1-9][0-9]*$", example = "12500000")]
    units: String,
    /// How many of the token stand for one of the currency.
    #[schema(example = "1")]
    rate: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    payment_requirements: AskedToken,
}

#[derive(Deserialize)]
struct AskedToken {
    network: String,
    asset: String,
    amount: String,
}

impl TokenAmount {
    /// That of a payment that [`Signed::to_json`] wrote.
    pub fn read(stored: &str) -> Option<Self> {
        let Stored { presented, .. } = serde_json::from_str(stored).ok()?;
        let Asked {
            payment_requirements: asked,
        } = serde_json::from_str(presented.get()).ok()?;
        Some(Self {
            network: asked.network,
            asset: asked.asset,
            units: asked.amount,
            // An account's token stands for its currency, one to one.
            rate: "1",
        })
    }
}

impl Signed {
    /// A payment that was taken for what was asked.
    pub fn new(authorization: Authorization, asked: &Requirements, since: Option<u64>) -> Self {
        let presented = facilitator::presented(&authorization, asked);
        Self {
            authorization,
            presented,
            since,
        }
    }

    /// As it is stored.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(&Stored {
            since: self.since,
            presented: RawValue::from_string(self.presented.clone())?,
        })
    }

    /// Reads what [`Self::to_json`] wrote; none if it is no payment of these terms.
    pub fn read(stored: &str, terms: &Terms) -> Option<Self> {
        let Stored { since, presented } = serde_json::from_str(stored).ok()?;
        let presented = String::from(Box::<str>::from(presented));
        let Presented { payment_payload } = serde_json::from_str(&presented).ok()?;
        let original = String::from(Box::<str>::from(payment_payload));
        Some(Self {
            authorization: Authorization::read(original, terms).ok()?,
            presented,
            since,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn what_is_stored_reads_back_to_the_byte() {
        let asked = sample::requirements();
        for since in [None, Some(7)] {
            let signed = Signed::new(sample::authorization(), &asked, since);
            let stored = signed.to_json().unwrap();
            assert_eq!(Signed::read(&stored, &sample::terms()), Some(signed));
            assert_eq!(TokenAmount::read(&stored).unwrap().units, "12500000");
        }
        let other = Terms {
            amount: "1".parse().unwrap(),
            ..sample::terms()
        };
        let signed = Signed::new(sample::authorization(), &asked, None);
        assert_eq!(Signed::read(&signed.to_json().unwrap(), &other), None);
        for broken in ["", "{}", "null", r#"{"since":1,"presented":{}}"#] {
            assert_eq!(Signed::read(broken, &sample::terms()), None);
        }
    }
}
