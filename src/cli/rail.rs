//! `threadpay rail add`, `list`, `check` and `disable`: where a merchant is paid.

use crate::app::config::settings::Settings;
use crate::program::{ProgramError, database, keys::no_merchant, print};
use crate::{
    base::{
        ambient::Ambient,
        db::{Db, DbError, Pool, Use},
        ids::{MerchantId, RailAccountId},
        mode::Mode,
    },
    domain::{
        auth,
        rail_accounts::{
            AccountRail, NewRailAccount, RailAccount, RailAccountError, RailAccountObject,
            RailAccountPatch, store,
        },
    },
    writer,
};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// Whose accounts a command is about, and how it prints.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Of {
    /// The merchant.
    #[arg(long, value_name = "MERCHANT_ID")]
    merchant: MerchantId,
    /// Print a line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a rail account and print its id.
    Add {
        /// The rail: `bank_transfer`.
        rail: AccountRail,
        /// Its settings as JSON: those of `POST /v1/rail_accounts`, such as
        /// '{"scheme":"epc","name":"Cafe","iban":"DE89370400440532013000"}'.
        #[arg(long, value_name = "JSON")]
        settings: String,
        /// What you call it: 1 to 200 characters.
        #[arg(long)]
        label: Option<String>,
        #[command(flatten)]
        of: Of,
    },
    /// List a merchant's rail accounts, newest first.
    List {
        #[command(flatten)]
        of: Of,
    },
    /// Look whether a rail account can be used, and say what was looked at.
    Check {
        /// The account.
        #[arg(value_name = "RAIL_ACCOUNT_ID")]
        id: RailAccountId,
        #[command(flatten)]
        of: Of,
    },
    /// Switch a rail account off. It stays, and can be enabled by the API.
    Disable {
        /// The account.
        #[arg(value_name = "RAIL_ACCOUNT_ID")]
        id: RailAccountId,
        #[command(flatten)]
        of: Of,
    },
}

pub(super) async fn run(args: Args, settings: &Settings) -> Result<(), ProgramError> {
    let db = database::migrated(settings).await?;
    match args.verb {
        Verb::Add {
            rail,
            settings,
            label,
            of,
        } => {
            let settings: Value = serde_json::from_str(&settings).map_err(|error| {
                let problem = format!("is not JSON: {error}");
                let name = "--settings";
                ProgramError::Setting { name, problem }
            })?;
            let new = NewRailAccount::read(rail, label, &settings);
            add(&db, new.map_err(RailAccountError::from), of).await
        }
        Verb::List { of } => list(&db, of).await,
        Verb::Check { id, of } => check(&db, id, of).await,
        Verb::Disable { id, of } => disable(&db, id, of).await,
    }
}

/// The mode of a merchant that exists, and where to look for its accounts.
async fn merchant(db: &Db, id: MerchantId) -> Result<(Pool, Mode), ProgramError> {
    let pool = db.pool(Use::General, 1).await?;
    let found = auth::store::merchant(&pool, id).await;
    let merchant = found.map_err(DbError::from)?;
    let mode = merchant.ok_or_else(|| no_merchant(id))?.mode;
    Ok((pool, mode))
}

fn refused(error: &RailAccountError) -> ProgramError {
    ProgramError::Failed(error.to_string())
}

fn no_account(id: RailAccountId) -> ProgramError {
    ProgramError::Failed(format!(
        "this merchant has no rail account {id}: see `threadpay rail list`"
    ))
}

async fn add(
    db: &Db,
    new: Result<NewRailAccount, RailAccountError>,
    of: Of,
) -> Result<(), ProgramError> {
    let new = new.map_err(|error| refused(&error))?;
    merchant(db, of.merchant).await?;
    let made = writer::add_rail_account(db, of.merchant, new, &Ambient::system()).await?;
    let made = made.map_err(|error| refused(&error))?;
    if of.json {
        print::json(&json!({ "id": made.id }))
    } else {
        print::line(&format!("Rail account {} is made.", made.id))
    }
}

async fn list(db: &Db, of: Of) -> Result<(), ProgramError> {
    let (pool, mode) = merchant(db, of.merchant).await?;
    let accounts = store::of(&pool, of.merchant).await;
    let accounts = accounts.map_err(DbError::from)?;
    if of.json {
        let shown = accounts.iter().map(|of| RailAccountObject::new(of, mode));
        let data: Vec<RailAccountObject<'_>> = shown.collect();
        return print::json(&json!({ "object": "list", "data": data }));
    }
    for account in &accounts {
        print::line(&sentence(account))?;
    }
    Ok(())
}

async fn check(db: &Db, id: RailAccountId, of: Of) -> Result<(), ProgramError> {
    let (pool, mode) = merchant(db, of.merchant).await?;
    let found = store::get(&pool, of.merchant, id).await;
    let account = found.map_err(DbError::from)?;
    let account = account.ok_or_else(|| no_account(id))?;
    if of.json {
        return print::json(&RailAccountObject::checked(&account, mode));
    }
    print::line(&format!(
        "{} Form and check digits are right; no bank was asked.",
        sentence(&account)
    ))
}

async fn disable(db: &Db, id: RailAccountId, of: Of) -> Result<(), ProgramError> {
    let (patch, ambient) = (RailAccountPatch::disable(), Ambient::system());
    let changed = writer::change_rail_account(db, (of.merchant, id), &patch, &ambient).await?;
    let changed = changed.ok_or_else(|| no_account(id))?;
    changed.map_err(|error| refused(&error))?;
    if of.json {
        print::json(&json!({ "id": id }))
    } else {
        print::line(&format!("Rail account {id} is disabled."))
    }
}

/// An account in a line for people.
fn sentence(account: &RailAccount) -> String {
    let label = account.label.as_deref().unwrap_or("(no label)");
    let (rail, status) = (account.rail(), &account.status);
    format!(
        "{}  {rail}  {status}  {}  {label}",
        account.id,
        account.settings.describe()
    )
}
