//! `threadpay key create`, `list` and `revoke`: who may call the API.

use crate::app::config::settings::Settings;
use crate::program::{
    ProgramError, database,
    keys::{self, KeyChoice, no_merchant},
    print,
};
use crate::{
    base::{
        ambient::Ambient,
        db::{Db, DbError, Use},
        ids::{KeyId, MerchantId},
        timestamp,
    },
    domain::auth::{
        ApiKey, Role, parse_name,
        store::{self, ListedKey},
    },
    writer,
};
use clap::Subcommand;
use serde_json::{Value, json};
use time::OffsetDateTime;

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
        /// What you call it: 1 to 200 characters.
        #[arg(long, value_parser = parse_name)]
        name: Option<String>,
        /// From when on it is refused, such as 2027-01-01 or 2027-01-01T09:00:00Z.
        #[arg(long, value_name = "TIME", value_parser = timestamp::parse)]
        expires: Option<OffsetDateTime>,
        /// Print it as a line of JSON with `id` and `api_key`.
        #[arg(long)]
        json: bool,
    },
    /// List the API keys of a merchant, oldest first: never their secrets.
    List {
        /// The merchant.
        #[arg(long, value_name = "MERCHANT_ID")]
        merchant: MerchantId,
        /// Print a line of JSON with all of them in `data`.
        #[arg(long)]
        json: bool,
    },
    /// Make an API key useless from now on.
    Revoke {
        /// The key's id; not the key itself.
        // Read by hand: what cannot be read may be a whole key, and must not be repeated.
        #[arg(value_name = "KEY_ID")]
        key: String,
        /// Disable the callback endpoints that it made, too; else they go on.
        #[arg(long)]
        endpoints: bool,
        /// Print a line of JSON with `id`, and `disabled_endpoints` where they were asked for.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(args: Args, settings: &Settings) -> Result<(), ProgramError> {
    match args.verb {
        Verb::Create {
            merchant,
            role,
            name,
            expires,
            json,
        } => {
            let now = Ambient::system().now();
            if expires.is_some_and(|end| end <= now) {
                let problem = "is over already: name a time that is still to come".to_owned();
                let name = "--expires";
                return Err(ProgramError::Setting { name, problem });
            }
            let choice = KeyChoice {
                role,
                name,
                expires_at: expires,
            };
            create(&database::migrated(settings).await?, merchant, choice, json).await
        }
        Verb::List { merchant, json } => {
            list(&database::migrated(settings).await?, merchant, json).await
        }
        Verb::Revoke {
            key,
            endpoints,
            json,
        } => {
            let key = key_id(&key)?;
            revoke(&database::migrated(settings).await?, key, endpoints, json).await
        }
    }
}

async fn revoke(db: &Db, key: KeyId, endpoints: bool, as_json: bool) -> Result<(), ProgramError> {
    let disabled = writer::revoke_key(db, key, endpoints, &Ambient::system()).await?;
    let disabled =
        disabled.ok_or_else(|| ProgramError::Failed(format!("there is no API key {key}")))?;
    if as_json && endpoints {
        return print::json(&json!({ "id": key, "disabled_endpoints": disabled }));
    }
    if as_json {
        return print::json(&json!({ "id": key }));
    }
    print::line(&format!("Key {key} is revoked."))?;
    for endpoint in disabled {
        print::line(&format!("Endpoint {endpoint} is disabled."))?;
    }
    Ok(())
}

/// The id of a key. Of a whole key nothing is repeated but its id.
fn key_id(text: &str) -> Result<KeyId, ProgramError> {
    if let Ok(key) = ApiKey::parse(text) {
        return Err(ProgramError::Failed(format!(
            "that is a whole API key, and it may stand in your shell's history now; its id is {}: give that",
            key.id
        )));
    }
    text.parse().map_err(|_| {
        let what = "that is not the id of a key, which is key_ and 26 characters";
        ProgramError::Failed(format!("{what}: see `threadpay key list`"))
    })
}

async fn create(
    db: &Db,
    merchant: MerchantId,
    choice: KeyChoice,
    as_json: bool,
) -> Result<(), ProgramError> {
    let key = keys::create(db, merchant, choice).await?;
    let (id, api_key) = (key.id, key.text());
    if as_json {
        return print::json(&json!({ "id": id.to_string(), "api_key": api_key }));
    }
    print::line(&format!(
        "Key {id} (keep it, it is shown this once): {api_key}"
    ))
}

async fn list(db: &Db, merchant: MerchantId, as_json: bool) -> Result<(), ProgramError> {
    let pool = db.pool(Use::General, 1).await?;
    let found = store::merchant(&pool, merchant).await;
    if found.map_err(DbError::from)?.is_none() {
        return Err(no_merchant(merchant));
    }
    let keys = store::keys(&pool, merchant).await.map_err(DbError::from)?;
    if as_json {
        let data: Vec<Value> = keys.iter().map(facts).collect();
        return print::json(&json!({ "object": "list", "data": data }));
    }
    for key in &keys {
        print::line(&sentence(key))?;
    }
    Ok(())
}

fn facts(key: &ListedKey) -> Value {
    let time = |at: Option<OffsetDateTime>| at.map(timestamp::format);
    json!({
        "id": key.id.to_string(),
        "object": "api_key",
        "name": key.name,
        "role": key.role.as_str(),
        "last_four": key.last_four,
        "created_at": timestamp::format(key.created_at),
        "expires_at": time(key.expires_at),
        "last_used_at": time(key.last_used_at),
        "revoked_at": time(key.revoked_at),
    })
}

/// A key in a line for people.
fn sentence(key: &ListedKey) -> String {
    let day = |at: OffsetDateTime| timestamp::format(at);
    let used = key.last_used_at;
    let used = used.map_or("never used".to_owned(), |at| {
        format!("last used {}", day(at))
    });
    let end = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {}", day(at)),
        (None, Some(at)) => format!("expires {}", day(at)),
        (None, None) => "does not expire".to_owned(),
    };
    let name = key.name.as_deref().unwrap_or("(no name)");
    format!(
        "{}  {:8}  …{}  {end}, {used}  {name}",
        key.id, key.role, key.last_four
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::mode::Mode, domain::auth::NewApiKey};

    #[test]
    fn a_whole_key_is_not_repeated() {
        let ambient = Ambient::system();
        let key = NewApiKey::generate(&ambient, ambient.id(), Mode::Live, Role::Bot);
        let text = key.text();
        let secret = text.rsplit_once('_').unwrap().1;
        let damaged = &text[..text.len() - 1];
        for given in [text.as_str(), damaged, secret] {
            let error = key_id(given).unwrap_err().to_string();
            assert!(!error.contains(&secret[..20]), "{error}");
        }
        let error = key_id(&text).unwrap_err().to_string();
        assert!(error.contains(&key.id.to_string()), "{error}");
        assert_eq!(key_id(&key.id.to_string()).unwrap(), key.id);
    }
}
