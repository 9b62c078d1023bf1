//! How to pay by bank transfer, as the payer reads it.

use crate::domain::rails::bank_transfer::Instructions;
use time::OffsetDateTime;

/// What the payer of a bank transfer is told.
#[derive(Clone, Debug)]
pub struct TransferDetails {
    /// How to pay.
    pub instructions: Instructions,
    /// Until when the merchant waits for the money.
    pub until: Option<OffsetDateTime>,
}
