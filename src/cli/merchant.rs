//! `threadpay merchant create`: a new merchant.

use crate::program::{ProgramError, database, print};
use crate::{base::ambient::Ambient, writer};
use clap::Subcommand;

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
        #[arg(long, value_parser = name)]
        name: String,
        /// Print it as a line of JSON with `id`.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(args: Args) -> Result<(), ProgramError> {
    let Verb::Create { name, json } = args.verb;
    let db = database::named().await?;
    let id = writer::create_merchant(&db, &name, &Ambient::system()).await?;
    if json {
        print::line(&serde_json::json!({ "id": id.to_string() }).to_string())
    } else {
        print::line(&format!("Merchant {name} is {id}."))
    }
}

fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if (1..=200).contains(&name.chars().count()) {
        Ok(name.to_owned())
    } else {
        Err("a name has 1 to 200 characters".to_owned())
    }
}
