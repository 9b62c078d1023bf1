//! The words by which a payment is not taken.

crate::names! {
    /// Why a payment is not taken. The words are those of x402, where it has one.
    pub enum Refused {
        /// The header is not base64 of the JSON of a payment by authorization, or is too long.
        Payload = "invalid_payload",
        /// Another version than 2.
        Version = "invalid_x402_version",
        /// Another scheme than `exact`.
        Scheme = "unsupported_scheme",
        /// For another chain.
        Network = "invalid_network",
        /// In another token.
        Asset = "invalid_asset",
        /// Another way to pay than was asked for.
        Requirements = "invalid_payment_requirements",
        /// It pays somebody else.
        Recipient = "invalid_exact_evm_payload_recipient_mismatch",
        /// It pays another amount.
        Value = "invalid_exact_evm_payload_authorization_value_mismatch",
        /// It is not valid yet.
        ValidAfter = "invalid_exact_evm_payload_authorization_valid_after",
        /// It ends too soon, or much later than was asked for.
        ValidBefore = "invalid_exact_evm_payload_authorization_valid_before",
        /// Its payer is no address, or is the one who is to be paid.
        Payer = "invalid_exact_evm_payload_authorization_from",
        /// Its nonce is not 32 bytes.
        Nonce = "invalid_exact_evm_payload_authorization_nonce",
        /// Its signature does not have the form of one.
        Signature = "invalid_exact_evm_payload_signature",
    }
}
