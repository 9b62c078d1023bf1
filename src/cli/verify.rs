//! `threadpay verify`: re-reads the books and proves them.

use crate::app::config::settings::Settings;
use crate::program::{ProgramError, database, print};
use crate::{
    base::{db::Use, ids::MerchantId},
    views::reports::verify,
};

/// The long help of the command.
pub(super) const ABOUT: &str = "Re-read the books and prove them.

Every entry balanced, every balance equal to its postings, the hash chain unbroken, the sequence \
without gaps; events, attempts, refunds and payment intents say what the entries say. Every \
fault is named, with status 1.";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only this merchant's books; else everybody's.
    #[arg(long, value_name = "MERCHANT_ID")]
    merchant: Option<MerchantId>,
}

pub(super) async fn run(args: Args, settings: &Settings) -> Result<(), ProgramError> {
    let db = database::migrated(settings).await?;
    let pool = db.pool(Use::General, 1).await?;
    match verify::verify(&pool, args.merchant).await {
        Ok(report) => print::text(&report.to_string()),
        Err(error) => Err(ProgramError::Failed(error.to_string())),
    }
}
