//! `threadpay statement`: bank statements.

use crate::domain::statements::{
    Balance, FILE_BYTES_MAX, Format, LineStatus, Mapping, Statement, StatementObject, read,
};
use crate::program::{ProgramError, print};
use clap::Subcommand;
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
}

#[derive(Debug, clap::Args)]
struct Check {
    /// The file as the bank gives it.
    file: PathBuf,
    /// Its format; found out if left out, but for csv.
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    format: Format,
    /// What the columns of a csv mean: a file of JSON.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Print all of each statement as a line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> Result<(), ProgramError> {
    match args.command {
        Command::Check(args) => check(&args),
    }
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
