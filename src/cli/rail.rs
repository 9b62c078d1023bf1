//! `threadpay rail add`, `list`, `check` and `disable`: where a merchant is paid.

use crate::app::{
    App,
    config::{Config, settings::Settings},
};
use crate::http::rejection;
use crate::program::{ProgramError, database, keys::no_merchant, print};
use crate::{
    base::{
        actor::Actor,
        ambient::Ambient,
        db::{Db, DbError, Pool, Use},
        ids::{MerchantId, RailAccountId},
        mode::Mode,
    },
    domain::{
        auth,
        rail_accounts::{
            AccountCredentials, AccountRail, NewRailAccount, Owner, RailAccount, RailAccountError,
            RailAccountObject, RailAccountPatch, SealedCredentials, Webhook, store,
        },
    },
    writer::{self, RailAccountCommand, Submission},
};
use clap::Subcommand;
use serde_json::{Value, json};
use std::{path::PathBuf, sync::Arc};

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
        /// The rail: `bank_transfer` or `stripe`.
        rail: AccountRail,
        /// Its settings as JSON: those of `POST /v1/rail_accounts`, such as
        /// '{"scheme":"epc","name":"Cafe","iban":"DE89370400440532013000"}'.
        #[arg(long, value_name = "JSON", default_value = "{}")]
        settings: String,
        /// A file of JSON with its credentials: those of `POST /v1/rail_accounts`. They are tried at
        /// the provider.
        #[arg(long, value_name = "FILE")]
        credentials: Option<PathBuf>,
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
            settings: set,
            credentials,
            label,
            of,
        } => {
            let set: Value = serde_json::from_str(&set).map_err(|error| {
                let problem = format!("is not JSON: {error}");
                let name = "--settings";
                ProgramError::Setting { name, problem }
            })?;
            let new = NewRailAccount::read(rail, label, &set);
            let new = new.map_err(|error| refused(&error.into()))?;
            let (_, mode) = merchant(&db, of.merchant).await?;
            let id = Ambient::system().id();
            let given = credentials.map(read_credentials).transpose()?;
            let given = AccountCredentials::parse(rail, "", given.as_ref(), mode);
            let given = given.map_err(|error| refused(&error.into()))?;
            let sealed = match rail {
                AccountRail::BankTransfer => None,
                AccountRail::Stripe | AccountRail::X402 => {
                    let app = service(settings).await?;
                    let checked = app.providers.check(new.settings(), given.as_ref()).await;
                    app.close().await;
                    checked.map_err(|error| failed(&error))?;
                    seal(&app, (of.merchant, id), given.as_ref())?
                }
            };
            add(&db, (id, new.with_credentials(sealed)), of).await
        }
        Verb::List { of } => list(&db, settings, of).await,
        Verb::Check { id, of } => check(&db, settings, id, of).await,
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

/// The JSON of a file that holds credentials. Nothing of it is repeated.
fn read_credentials(file: PathBuf) -> Result<Value, ProgramError> {
    let read = std::fs::read_to_string(file).ok();
    let read = read.and_then(|text| serde_json::from_str(&text).ok());
    read.ok_or_else(|| {
        let problem = "is no file of JSON that can be read".to_owned();
        let name = "--credentials";
        ProgramError::Setting { name, problem }
    })
}

/// The parts of the service: the way to the providers, and a writer beside those of the running one.
async fn service(settings: &Settings) -> Result<Arc<App>, ProgramError> {
    let app = App::start(
        Config::read(settings)?,
        Ambient::system(),
        rejection::render,
    );
    Ok(app.await?)
}

fn failed(error: &dyn std::fmt::Display) -> ProgramError {
    ProgramError::Failed(error.to_string())
}

fn seal(
    app: &App,
    owner: Owner,
    given: Option<&AccountCredentials>,
) -> Result<Option<SealedCredentials>, ProgramError> {
    let sealed = given.map(|given| given.seal(owner, &app.keyring.secrets, &app.ambient));
    sealed.transpose().map_err(|error| failed(&error))
}

/// How the service is reached from outside, as far as settings say.
fn public_url(settings: &Settings) -> String {
    Config::read(settings).map_or_else(|_| String::new(), |config| config.public_url)
}

async fn add(
    db: &Db,
    (id, new): (RailAccountId, NewRailAccount),
    of: Of,
) -> Result<(), ProgramError> {
    let owner = (of.merchant, id);
    let made = writer::add_rail_account(db, owner, new, &Ambient::system()).await?;
    let made = made.map_err(|error| refused(&error))?;
    if of.json {
        print::json(&json!({ "id": made.id }))
    } else {
        print::line(&format!("Rail account {} is made.", made.id))
    }
}

async fn list(db: &Db, settings: &Settings, of: Of) -> Result<(), ProgramError> {
    let (pool, mode) = merchant(db, of.merchant).await?;
    let accounts = store::of(&pool, of.merchant).await;
    let accounts = accounts.map_err(DbError::from)?;
    if of.json {
        let public_url = public_url(settings);
        let shown = accounts
            .iter()
            .map(|of| RailAccountObject::new(of, mode, &public_url));
        let data: Vec<RailAccountObject<'_>> = shown.collect();
        return print::json(&json!({ "object": "list", "data": data }));
    }
    for account in &accounts {
        print::line(&sentence(account))?;
    }
    Ok(())
}

async fn check(
    db: &Db,
    settings: &Settings,
    id: RailAccountId,
    of: Of,
) -> Result<(), ProgramError> {
    let (pool, mode) = merchant(db, of.merchant).await?;
    let find = async || {
        let found = store::get(&pool, of.merchant, id).await;
        found.map_err(DbError::from)?.ok_or_else(|| no_account(id))
    };
    let (mut account, mut webhook) = (find().await?, None);
    if account.rail() != AccountRail::BankTransfer {
        let app = service(settings).await?;
        let tried = try_at_provider(&app, &account, mode).await;
        app.close().await;
        webhook = tried?;
        account = find().await?;
    }
    if of.json {
        let public_url = public_url(settings);
        let checked = RailAccountObject::checked(&account, mode, &public_url, webhook);
        return print::json(&checked);
    }
    let seen = match (account.rail(), webhook) {
        (AccountRail::BankTransfer, _) => "Form and check digits are right; no bank was asked.",
        (AccountRail::Stripe, Some(Webhook::Found)) => {
            "Stripe takes its key, and sends events to its webhook_url."
        }
        (AccountRail::Stripe, Some(Webhook::Missing)) => {
            "Stripe takes its key, but sends no events to its webhook_url."
        }
        (AccountRail::Stripe, Some(Webhook::Unknown) | None) => {
            "Stripe takes its key; whether it sends events to its webhook_url cannot be seen."
        }
        (AccountRail::X402, _) => "Its facilitator and its node take it.",
    };
    print::line(&format!("{} {seen}", sentence(&account)))
}

/// Tries an account at its provider, and says what is seen of its webhook. One that was failing recovers.
async fn try_at_provider(
    app: &App,
    account: &RailAccount,
    mode: Mode,
) -> Result<Option<Webhook>, ProgramError> {
    let opened = app.providers.open(account, mode);
    let opened = opened.map_err(|error| failed(&error))?;
    let checked = app.providers.check(&account.settings, opened.as_ref());
    checked.await.map_err(|error| failed(&error))?;
    let webhook = app.providers.webhook(account, opened.as_ref()).await;
    let submission = Submission {
        merchant: account.merchant,
        actor: Actor::Operator,
        command: RailAccountCommand::Check(account.id, webhook).into(),
        claim: None,
        request_id: String::new(),
        bytes: 0,
    };
    let noted = app.writer.submit(submission).await;
    noted.map_err(|error| failed(&error))?;
    Ok(webhook)
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
