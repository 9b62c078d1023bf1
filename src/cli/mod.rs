//! The program's commands: what can be typed, and what each does.
//!
//! One file a command. A command parses, asks the house, and prints; it knows no rules of money.
//! What it cannot do it says in one sentence on standard error, with exit status 1 (2 when the
//! command line itself is wrong).

mod demo;
mod dev;
mod export;
mod key;
mod listen;
mod merchant;
mod migrate;
mod openapi;
mod rail;
mod ready;
mod rekey;
mod secrets;
mod serve;
mod statement;
mod verify;

use crate::app::config::settings::Settings;
use crate::bench;
use crate::program::{ProgramError, print};
use clap::{Parser, Subcommand};
use std::process::ExitCode;
use std::time::Duration;

/// How long a stop may wait for work that blocks (a private Postgres that is starting).
const STOP: Duration = Duration::from_secs(30);

/// Payments inside chat threads: links, a ledger, signed callbacks.
#[derive(Debug, Parser)]
#[command(name = "threadpay", version, about, max_term_width = 100)]
#[command(
    after_help = "Start with `threadpay demo`: it needs no set-up, plays a payment from \
                        the question in the thread to the signed callback, and shows each step."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play one payment from end to end, explained step by step.
    #[command(long_about = demo::ABOUT)]
    Demo(demo::Args),
    /// Run the service for development, on a private Postgres with a test merchant.
    #[command(long_about = dev::ABOUT)]
    Dev(dev::Args),
    /// Run the service on the Postgres of `DATABASE_URL`.
    #[command(long_about = serve::ABOUT)]
    Serve(serve::Args),
    /// Bring the schema of the database of `DATABASE_URL` up to date.
    #[command(long_about = migrate::ABOUT)]
    Migrate(migrate::Args),
    /// Set up merchants.
    Merchant(merchant::Args),
    /// Set up API keys.
    Key(key::Args),
    /// Set up rail accounts: where a merchant is paid.
    Rail(rail::Args),
    /// Bring a merchant's events to a bot on this machine, and print each with its result.
    #[command(long_about = listen::ABOUT)]
    Listen(listen::Args),
    /// Seal the database with another master key, and replace other keys.
    #[command(long_about = rekey::ABOUT, after_help = rekey::settings())]
    Rekey(rekey::Args),
    /// Export a merchant's journal: the same bytes as the API's export.
    Export(export::Args),
    /// Read bank statements.
    Statement(statement::Args),
    /// Re-read the books and prove them.
    #[command(long_about = verify::ABOUT)]
    Verify(verify::Args),
    /// Measure how fast payments are written, as ratios on this machine.
    #[command(long_about = bench::ABOUT)]
    Bench(bench::Args),
    /// Ask a running service whether it is ready (for health checks).
    Ready(ready::Args),
    /// Print the OpenAPI document of the HTTP API.
    Openapi,
}

/// Runs the program: parses the command line, does what it says, gives the exit status.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print::complaint(&error);
            ExitCode::FAILURE
        }
    }
}

/// Says what is wrong with the command line, and repeats no secret that is in it.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        error.exit();
    }
    let text = error.to_string();
    print::remark(&secrets::hidden(text.trim_end()));
    ExitCode::from(2)
}

fn run(command: Command) -> Result<(), ProgramError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(ProgramError::Runtime)?;
    let result = runtime.block_on(Box::pin(perform(command)));
    runtime.shutdown_timeout(STOP);
    result
}

async fn perform(command: Command) -> Result<(), ProgramError> {
    // A slip in the environment stops all that reads it.
    let settings = if matches!(command, Command::Openapi) {
        Settings::default()
    } else {
        Settings::from_env()?
    };
    match command {
        Command::Demo(args) => Box::pin(demo::run(args, &settings)).await,
        Command::Dev(args) => dev::run(args, &settings).await,
        Command::Serve(args) => serve::run(args, &settings).await,
        Command::Migrate(args) => migrate::run(args, &settings).await,
        Command::Merchant(args) => merchant::run(args, &settings).await,
        Command::Key(args) => key::run(args, &settings).await,
        Command::Rail(args) => rail::run(args, &settings).await,
        Command::Listen(args) => listen::run(args, &settings).await,
        Command::Rekey(args) => rekey::run(args, &settings).await,
        Command::Export(args) => export::run(args, &settings).await,
        Command::Statement(args) => statement::run(args, &settings).await,
        Command::Verify(args) => verify::run(args, &settings).await,
        Command::Bench(args) => bench::run(args, &settings).await,
        Command::Ready(args) => ready::run(args, &settings).await,
        Command::Openapi => openapi::run(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_contract_s_command_lines_are_understood() {
        let merchant = "mer_01jd8x0000000000000000000a";
        for line in [
            "demo --exit --json",
            "dev --listen 127.0.0.1:0 --data-dir there --json",
            "serve --no-workers",
            "serve --no-http",
            "migrate",
            "migrate --grant-to pay --json",
            "merchant create --name Cafe --json",
            "key create --merchant M --role finance --json",
            "key revoke key_01jd8x0000000000000000000a",
            "key revoke --endpoints key_01jd8x0000000000000000000a --json",
            "rail add bank_transfer --merchant M --settings {} --label Main --json",
            "rail list --merchant M --json",
            "rail check ra_01jd8x0000000000000000000a --merchant M",
            "rail disable ra_01jd8x0000000000000000000a --merchant M --json",
            "listen --forward http://localhost:3000/hook",
            "listen --url https://pay.example.com --events payment_intent.* refund.failed --json",
            "listen --events payment_intent.* --events refund.*",
            "export --merchant M --from 2026-01-01 --to 2026-02-01T00:00:00Z --format csv",
            "rekey",
            "rekey --rotate signing,tokens --rotate links --json",
            "statement check march.xml --json",
            "statement check march.csv --format csv --mapping columns.json",
            "statement import march.xml --merchant M --account ra_01jd8x0000000000000000000a --json",
            "verify",
            "verify --merchant M",
            "bench --quick --json",
            "bench pay --connections 1,64 --merchants 64 --seconds 1 --rounds 1",
            "bench create read --rate 500 --filled 10000,1000000 --json",
            "bench post --in-process --pgledger uuid-to-ulid.sql,pgledger.sql",
            "bench callbacks --quick --json",
            "bench callbacks --seconds 3",
            "bench fairness --quick --json",
            "bench fairness --seconds 5 --rounds 3",
            "ready --listen 127.0.0.1:8080",
            "openapi",
        ] {
            let line = line.replace(" M", &format!(" {merchant}"));
            let words = std::iter::once("threadpay").chain(line.split(' '));
            if let Err(error) = Cli::try_parse_from(words) {
                panic!("{line}: {error}");
            }
        }
    }
}
