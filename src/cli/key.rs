//! `threadpay key create` and `key revoke`: who may call the API.

use super::{CliError, database, print, seam};
use crate::ids::{KeyId, MerchantId};
use clap::{Subcommand, ValueEnum};

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
        /// What it may do.
        #[arg(long, value_enum)]
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

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Ask for payments and post cards; its own callbacks.
    Bot,
    /// All that is the merchant's.
    Merchant,
    /// Read payments, books, exports and statements.
    Finance,
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    let db = database::named().await?;
    match args.verb {
        Verb::Create {
            merchant,
            role,
            json,
        } => {
            let (id, api_key) = seam::create_key(&db, merchant, role).await?;
            if json {
                let facts = serde_json::json!({ "id": id.to_string(), "api_key": api_key });
                return print::line(&facts.to_string());
            }
            print::line(&format!(
                "Key {id} (keep it, it is shown this once): {api_key}"
            ))
        }
        Verb::Revoke { key } => {
            seam::revoke_key(&db, key).await?;
            print::line(&format!("Key {key} is revoked."))
        }
    }
}
