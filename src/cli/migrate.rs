//! `threadpay migrate`: brings the schema up to date.

use crate::app::config::settings::Settings;
use crate::program::{ProgramError, database, print};

pub(super) async fn run(settings: &Settings) -> Result<(), ProgramError> {
    let db = database::named(settings).await?;
    db.migrate().await?;
    print::line(&format!("The schema at {} is up to date.", db.address()))
}
