//! Where a merchant's node is. Providers of nodes put the key that pays for them into the address,
//! so that it is kept as a secret.

use super::settings::url;
use crate::base::{invalid::Invalid, mode::Mode};
use crate::domain::rails::bank_transfer::fields::Fields;
use serde_json::{Value, json};
use std::fmt;
use zeroize::Zeroizing;

/// The node that tells what became of payments.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(Zeroizing<String>);

impl Credentials {
    /// Reads the object that stands at the JSON pointer `at`. Faults repeat nothing of it.
    pub fn parse(at: &str, value: &Value) -> Result<Self, Invalid> {
        let fields = Fields::read(at, value, &["rpc_url"])?;
        let read = fields.parsed("rpc_url", url)?;
        Ok(Self(Zeroizing::new(read)))
    }

    /// That there are none: those who test may believe their facilitator.
    pub fn none(at: &str, mode: Mode) -> Result<(), Invalid> {
        match mode {
            Mode::Test => Ok(()),
            Mode::Live => {
                let detail =
                    "are needed: `rpc_url`, a node of the chain that says what became of a payment";
                Err(Invalid::field(at, detail))
            }
        }
    }

    /// Where the node speaks JSON-RPC.
    pub fn rpc_url(&self) -> &str {
        &self.0
    }

    /// The object that [`Self::parse`] reads, as text: what is to be sealed.
    pub fn to_json(&self) -> Zeroizing<String> {
        Zeroizing::new(json!({ "rpc_url": self.rpc_url() }).to_string())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_reached_over_tls_or_here_and_is_not_shown() {
        for (url, is_taken) in [
            ("https://node.example/v2/sesamopen", true),
            ("http://127.0.0.1:8545", true),
            ("http://10.0.0.1:8545", false),
            ("https://node.example/?key=sesamopen", false),
            ("sesamopen", false),
        ] {
            match Credentials::parse("/credentials", &json!({ "rpc_url": url })) {
                Ok(read) => {
                    assert!(is_taken, "{url}");
                    let value = serde_json::from_str(&read.to_json()).unwrap();
                    assert_eq!(Credentials::parse("", &value), Ok(read.clone()));
                    assert_eq!(format!("{read:?}"), "Credentials");
                }
                Err(fault) => {
                    assert!(!is_taken, "{url}");
                    assert_eq!(fault.param, "/credentials/rpc_url");
                    assert!(!fault.detail.contains("sesamopen"));
                }
            }
        }
        assert!(Credentials::parse("", &json!({})).is_err());
        assert!(Credentials::none("", Mode::Test).is_ok());
        assert!(Credentials::none("", Mode::Live).is_err());
    }
}
