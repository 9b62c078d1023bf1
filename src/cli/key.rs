//! `threadpay key create` and `key revoke`: who may call the API.

use crate::program::{ProgramError, database, keys, print};
use crate::{
    base::{
        ambient::Ambient,
        ids::{KeyId, MerchantId},
    },
    domain::auth::Role,
    writer,
};
use clap::Subcommand;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make an API key and print it: this once, since only its hash is kept.
    Create {
        /// The merchant that it acts for.
        #[arg(long, value_name = "MERCHANT_ID")]
        merchant: MerchantId,
        /// What it may do: bot, merchant or finance.
        #[arg(long)]
        role: Role,
        /// Print it as a line of JSON with `id` and `api_key`.
        #[arg(long)]
        json: bool,
    },
    /// Make an API key useless from now on.
    Revoke {
        /// The key's id; not the key itself.
        #[arg(value_name = "KEY_ID")]
        key: KeyId,
    },
}

pub(super) async fn run(args: Args) -> Result<(), ProgramError> {
    let db = database::named().await?;
    match args.verb {
        Verb::Create {
            merchant,
            role,
            json,
        } => {
            let key = keys::create(&db, merchant, role).await?;
            let (id, api_key) = (key.id, key.text());
            if json {
                let facts = serde_json::json!({ "id": id.to_string(), "api_key": api_key });
                return print::line(&facts.to_string());
            }
            print::line(&format!(
                "Key {id} (keep it, it is shown this once): {api_key}"
            ))
        }
        Verb::Revoke { key } => {
            if !writer::revoke_key(&db, key, &Ambient::system()).await? {
                return Err(ProgramError::Failed(format!("there is no API key {key}")));
            }
            print::line(&format!("Key {key} is revoked."))
        }
    }
}
