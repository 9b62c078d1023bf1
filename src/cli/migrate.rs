//! `threadpay migrate`: brings the schema up to date.

use super::{CliError, database, print};

pub(super) async fn run() -> Result<(), CliError> {
    let db = database::named().await?;
    db.migrate().await?;
    print::line(&format!("The schema at {} is up to date.", db.address()))
}
