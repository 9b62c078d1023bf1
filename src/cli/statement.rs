//! `threadpay statement`: bank statements.

use crate::app::{
    App,
    config::{Config, settings::Settings},
};
use crate::base::{
    actor::Actor,
    ambient::Ambient,
    ids::{MerchantId, RailAccountId},
};
use crate::domain::{
    rail_accounts,
    reconciliation::NewImport,
    statements::{
        Balance, FILE_BYTES_MAX, FileFormat, LineStatus, Mapping, Statement, StatementObject, read,
    },
};
use crate::http::rejection;
use crate::program::{ProgramError, database, print};
use crate::writer::{StatementCommand, Submission};
use clap::Subcommand;
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what a bank's file holds, or why it is refused. Nothing is stored.
    Check(Check),
    /// Hand in a bank's file of an account that transfers are sent to, and say what its lines came to.
    Import(Import),
}

#[derive(Debug, clap::Args)]
struct Check {
    /// The file as the bank gives it.
    file: PathBuf,
    /// Its format; found out if left out, but for csv.
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    format: FileFormat,
    /// What the columns of a csv mean: a file of JSON.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Print all of each statement as a line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Import {
    /// The file as the bank gives it.
    file: PathBuf,
    /// The merchant whose account it is.
    #[arg(long, value_name = "MERCHANT_ID")]
    merchant: MerchantId,
    /// The rail account that it is about.
    #[arg(long, value_name = "RAIL_ACCOUNT_ID")]
    account: RailAccountId,
    /// Its format; found out if left out, but for csv, which is read by the account's mapping.
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    format: FileFormat,
    /// Print the statement as the API gives it, as a line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, settings: &Settings) -> Result<(), ProgramError> {
    match args.command {
        Command::Check(args) => check(&args),
        Command::Import(args) => import(&args, settings).await,
    }
}

/// Hands a file in by a writer of its own, beside those of the running service.
async fn import(args: &Import, settings: &Settings) -> Result<(), ProgramError> {
    let file = load(&args.file)?;
    let config = Config::read(settings)?;
    database::check(&config.database).await?;
    let app = App::start(config, Ambient::system(), rejection::render).await?;
    let statement = hand_in(&app, args, &file).await;
    app.close().await;
    let statement = statement?;
    if args.json {
        return print::json(&statement);
    }
    let count = |of: &str| statement.pointer(&format!("/counts/{of}")).cloned();
    let [lines, matched, duplicate, unexplained] =
        ["lines", "matched", "duplicate", "unexplained"].map(|of| count(of).unwrap_or_default());
    let id = statement
        .get("id")
        .and_then(Value::as_str)
        .unwrap_or_default();
    print::line(&format!(
        "{id}: {lines} lines, {matched} matched, {duplicate} came before, {unexplained} unexplained"
    ))
}

async fn hand_in(app: &App, args: &Import, file: &[u8]) -> Result<Value, ProgramError> {
    let found = rail_accounts::store::get(&app.pool, args.merchant, args.account);
    let found = found.await.map_err(|error| failed(&args.file, &error))?;
    let no_account = || ProgramError::Failed(format!("there is no rail account {}", args.account));
    let account = found.ok_or_else(no_account)?;
    let new = NewImport::read(&account, args.format, file)
        .map_err(|refused| failed(&args.file, &refused))?;
    let submission = Submission {
        merchant: args.merchant,
        actor: Actor::Operator,
        command: StatementCommand::Keep(Box::new(new)).into(),
        claim: None,
        request_id: String::new(),
        bytes: file.len(),
    };
    let performed = app.perform(submission).await;
    let performed = performed.map_err(|error| failed(&args.file, &error))?;
    serde_json::from_slice(&performed.answer.body).map_err(|error| failed(&args.file, &error))
}

fn check(args: &Check) -> Result<(), ProgramError> {
    let mapping = args.mapping.as_deref().map(load_mapping).transpose()?;
    let bytes = load(&args.file)?;
    let statements = read(args.format, &bytes, mapping.as_ref())
        .map_err(|refused| failed(&args.file, &refused))?;
    for statement in &statements {
        if args.json {
            print::json(&StatementObject::from(statement))?;
        } else {
            print::line(&summary(statement))?;
        }
    }
    Ok(())
}

/// A statement in one line for people.
fn summary(statement: &Statement) -> String {
    let currency = statement.currency;
    let account = statement.account.as_deref().unwrap_or("unnamed account");
    let of = |status| {
        let lines = statement.lines.iter();
        lines.filter(|line| line.status == status).count()
    };
    let (booked, pending) = (of(LineStatus::Booked), of(LineStatus::Pending));
    let said = |balance: Option<Balance>| {
        balance.map_or_else(
            || "not said".to_owned(),
            |balance| format!("{} {currency}", balance.amount),
        )
    };
    let (opening, closing) = (said(statement.opening), said(statement.closing));
    format!(
        "{account}: opening {opening}, {booked} booked and {pending} pending lines, closing {closing}"
    )
}

fn load_mapping(path: &Path) -> Result<Mapping, ProgramError> {
    let bytes = load(path)?;
    serde_json::from_slice(&bytes).map_err(|error| failed(path, &error))
}

/// The file, but for what is beyond the largest that is read.
fn load(path: &Path) -> Result<Vec<u8>, ProgramError> {
    let most = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(most.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|error| failed(path, &error))?;
    Ok(bytes)
}

fn failed(path: &Path, why: &dyn std::fmt::Display) -> ProgramError {
    ProgramError::Failed(format!("{}: {why}", path.display()))
}
