//! What is known of an authorization, decided from what was seen.

use super::{
    super::{Authorization, Bytes32},
    receipt::{Receipt, Use},
};

/// What was seen of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// The block that is as deep as was wanted; none while the chain is shorter.
    pub deep: Option<Deep>,
    /// The transaction that is said to pay; none if it is in no block, or none is known.
    pub receipt: Option<Receipt>,
}

/// The chain as of a block that is as deep as was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deep {
    /// Its number.
    pub number: u64,
    /// Its time, in seconds since 1970.
    pub time: u64,
    /// Whether the token had used or canceled the authorization by then.
    pub used: bool,
}

/// What is known of an authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has paid, as deep as was wanted.
    Paid {
        /// In which transaction.
        transaction: Bytes32,
        /// In which block.
        block: u64,
    },
    /// Nothing is final: it may pay, or what paid may go again. To be looked up again.
    Waiting {
        /// In which transaction it has paid, as far as was seen.
        seen: Option<Bytes32>,
    },
    /// It has not paid and never will: it ended unused, or its nonce went elsewhere, as deep as was
    /// wanted.
    NotPaid,
    /// The transaction did nothing with it, or was reverted. It may yet pay in another one: to be
    /// looked up again.
    NotOurs,
}

/// What is known of `authorization`. That it was not used counts only once the chain's own time is
/// past its end: until then whoever holds it may use it.
pub fn decide(authorization: &Authorization, sight: &Sight) -> Standing {
    let receipt = sight.receipt.as_ref();
    let is_deep = receipt.zip(sight.deep).is_some_and(|(receipt, deep)| {
        // Nodes may disagree: the receipt counts if the deep block has seen the use as well.
        deep.used && receipt.block <= deep.number
    });
    let end = u64::try_from(authorization.valid_before.unix_timestamp()).unwrap_or_default();
    let has_ended = sight
        .deep
        .is_some_and(|deep| !deep.used && deep.time >= end);
    match receipt.map(|receipt| (receipt, receipt.use_of(authorization))) {
        Some((receipt, Use::Paid)) if is_deep => Standing::Paid {
            transaction: receipt.transaction,
            block: receipt.block,
        },
        Some((_, Use::Spent)) if is_deep => Standing::NotPaid,
        Some((_, Use::Nothing)) | None if has_ended => Standing::NotPaid,
        Some((_, Use::Nothing)) => Standing::NotOurs,
        Some((receipt, Use::Paid)) => Standing::Waiting {
            seen: Some(receipt.transaction),
        },
        Some((_, Use::Spent)) | None => Standing::Waiting { seen: None },
    }
}
