//! Proves the books anew from the rows alone, in one snapshot, so that it can run beside a live
//! service. The order of the checks is that of causes: postings before the entries that hold
//! them, the journal before what is derived from it, so the first fault named is the nearest to
//! what went wrong.

mod books;
mod causes;
mod feed;
mod findings;
mod movements;
mod payments;
mod report;
mod store;
mod told;

pub use report::{Fault, Faults, Report};

use super::snapshot::snapshot;
use crate::base::db::{Pool, is_unreadable};
use crate::base::ids::MerchantId;

/// Why the books are not proved.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The books are not right.
    #[error(transparent)]
    Faults(#[from] Faults),
    /// There is no such merchant.
    #[error("there is no merchant {0}")]
    UnknownMerchant(MerchantId),
    /// Postgres could not answer, so nothing is known.
    #[error("cannot read the books: {0}")]
    Database(#[from] sqlx::Error),
}

/// Reads and proves the books of one merchant, or of all, in constant memory.
pub async fn verify(pool: &Pool, merchant: Option<MerchantId>) -> Result<Report, VerifyError> {
    let mut db = snapshot(pool).await?;
    let only = merchant.map(|merchant| merchant.0);
    let (mut report, mut faults) = (Report::default(), Faults::default());
    let mut after = uuid::Uuid::nil();
    while let Some(head) = store::next_books(&mut db, after, only).await? {
        after = head.merchant.0;
        match books::check(&mut db, &head, &mut report, &mut faults).await {
            Err(error) if is_unreadable(&error) => {
                let problem = format!("cannot be read: {error}");
                faults.add(Fault::new(head.merchant, "books".to_owned(), problem));
            }
            checked => checked?,
        }
        report.merchants += 1;
    }
    if let (0, Some(merchant)) = (report.merchants, merchant) {
        return Err(VerifyError::UnknownMerchant(merchant));
    }
    findings::check_postings(&mut db, only, &mut faults).await?;
    payments::check(&mut db, only, &mut faults).await?;
    movements::check(&mut db, only, &mut faults).await?;
    findings::check(&mut db, only, &mut faults).await?;
    faults.found()?;
    Ok(report)
}
