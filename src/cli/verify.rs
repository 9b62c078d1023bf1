//! `threadpay verify`: re-reads the books and proves them.

use super::{CliError, database, print, seam};
use crate::ids::MerchantId;

/// The long help of the command.
pub(super) const ABOUT: &str = "Re-read the books and prove them.

Every entry balanced, every balance equal to its postings, the hash chain unbroken, the sequence \
without gaps. The first fault is named, with status 1.";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only this merchant's books; else everybody's.
    #[arg(long, value_name = "MERCHANT_ID")]
    merchant: Option<MerchantId>,
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    let db = database::named().await?;
    let proof = seam::verify(&db, args.merchant).await?;
    print::line(&format!(
        "The books hold: {} merchants, {} entries.",
        proof.merchants, proof.entries
    ))
}
