//! `threadpay migrate`: brings the schema up to date, and gives the role that serves its rights.

use crate::app::config::settings::Settings;
use crate::program::{ProgramError, database, print};
use serde_json::json;

/// The long help of the command.
pub(super) const ABOUT: &str = "Bring the schema of the database of `DATABASE_URL` up to date.

It needs the owner of the database and its tables. The service needs less: make a role of its own \
for it (CREATE ROLE pay LOGIN PASSWORD '…'), and `threadpay migrate --grant-to pay` lets that role \
read and write the rows, but neither change the schema nor what is booked. Say so with each \
migration, since new tables are nobody's yet. `threadpay rekey` needs the owner, too.";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Give this role what `serve`, `merchant` and `key` need, and nothing else.
    #[arg(long, value_name = "ROLE")]
    grant_to: Option<String>,
    /// Print a line of JSON with `database` and `granted_to`.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, settings: &Settings) -> Result<(), ProgramError> {
    let db = database::named(settings).await?;
    db.migrate().await?;
    if let Some(role) = &args.grant_to {
        db.grant_to(role).await?;
    }
    let address = db.address();
    if args.json {
        let facts = json!({"database": address, "granted_to": args.grant_to});
        return print::json(&facts);
    }
    print::line(&format!("The schema at {address} is up to date."))?;
    match &args.grant_to {
        Some(role) => print::line(&format!("The role {role} has what `serve` needs.")),
        None => Ok(()),
    }
}
