//! `threadpay merchant create`, `list` and `rename`.

use crate::app::config::settings::Settings;
use crate::program::{ProgramError, database, keys::no_merchant, print};
use crate::{
    base::{
        ambient::Ambient,
        db::{DbError, Use},
        ids::MerchantId,
        mode::Mode,
        timestamp,
    },
    domain::auth::{Merchant, parse_name, store},
    writer,
};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a merchant and print its id, to be named when its API keys are made.
    Create {
        /// The name that payers see: 1 to 200 characters.
        #[arg(long, value_parser = parse_name)]
        name: String,
        /// Whether its money is real, for ever: test (with the sandbox) or live.
        #[arg(long, default_value_t = Mode::Test)]
        mode: Mode,
        /// Print it as a line of JSON with `id`.
        #[arg(long)]
        json: bool,
    },
    /// List all merchants, oldest first.
    List {
        /// Print a line of JSON with all of them in `data`.
        #[arg(long)]
        json: bool,
    },
    /// Give a merchant another name.
    Rename {
        /// The merchant.
        #[arg(value_name = "MERCHANT_ID")]
        merchant: MerchantId,
        /// The name that payers see from now on: 1 to 200 characters.
        #[arg(long, value_parser = parse_name)]
        name: String,
        /// Print a line of JSON with `id`.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(args: Args, settings: &Settings) -> Result<(), ProgramError> {
    let db = database::migrated(settings).await?;
    match args.verb {
        Verb::Create { name, mode, json } => {
            let made = writer::create_merchant(&db, &name, mode, &Ambient::system()).await?;
            let text = format!("Merchant {name} ({mode}) is {}.", made.id);
            say(made.id, &text, json)
        }
        Verb::List { json } => {
            let pool = db.pool(Use::General, 1).await?;
            list(&store::merchants(&pool).await.map_err(DbError::from)?, json)
        }
        Verb::Rename {
            merchant,
            name,
            json,
        } => {
            if !writer::rename_merchant(&db, merchant, &name).await? {
                return Err(no_merchant(merchant));
            }
            say(
                merchant,
                &format!("Merchant {merchant} is now {name}."),
                json,
            )
        }
    }
}

fn say(id: MerchantId, text: &str, as_json: bool) -> Result<(), ProgramError> {
    if as_json {
        print::json(&json!({ "id": id.to_string() }))
    } else {
        print::line(text)
    }
}

fn list(merchants: &[Merchant], as_json: bool) -> Result<(), ProgramError> {
    if as_json {
        let data: Vec<Value> = merchants.iter().map(facts).collect();
        return print::json(&json!({ "object": "list", "data": data }));
    }
    for merchant in merchants {
        print::line(&format!(
            "{}  {:4}  {}  {}",
            merchant.id,
            merchant.mode,
            timestamp::format(merchant.created_at),
            merchant.name
        ))?;
    }
    Ok(())
}

fn facts(merchant: &Merchant) -> Value {
    json!({
        "id": merchant.id.to_string(),
        "object": "merchant",
        "name": merchant.name,
        "mode": merchant.mode,
        "created_at": timestamp::format(merchant.created_at),
    })
}
