//! What a payment is known by, here and at the token.

use super::{Address, Bytes32, Network};

/// What a payment is known by.
pub(super) fn reference(
    network: Network,
    (asset, payer): (&Address, &Address),
    nonce: &Bytes32,
) -> String {
    format!("{network}:{}:{}:{nonce}", asset.lower(), payer.lower())
}
