//! `threadpay migrate`: brings the schema up to date.

use crate::program::{ProgramError, database, print};

pub(super) async fn run() -> Result<(), ProgramError> {
    let db = database::named().await?;
    db.migrate().await?;
    print::line(&format!("The schema at {} is up to date.", db.address()))
}
