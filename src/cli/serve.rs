//! `threadpay serve`: the service on a database of its own, as it runs in production.

use crate::app::{
    config::{
        Config,
        settings::{ALL, Settings, help},
    },
    telemetry,
};
use crate::program::{ProgramError, Service, Signals, database, socket};

/// The long help of the command.
pub(super) const ABOUT: &str = "Run the service on the Postgres of `DATABASE_URL`.

It answers HTTP and does the background work (callbacks, expiry, open payments). Run `threadpay \
migrate` first. Many may run on one database; `--no-workers` and `--no-http` split the roles. \
SIGTERM or Ctrl-C stops it in good order, a second one at once. It takes as many connections as \
the hard limit of open files (`ulimit -Hn`) lets it, less 256, and at most 16384.";

#[derive(Debug, clap::Args)]
#[command(after_help = help(ALL))]
pub(super) struct Args {
    /// Answer HTTP only: leave the background work to other processes.
    #[arg(long, conflicts_with = "no_http")]
    no_workers: bool,
    /// Do the background work only.
    #[arg(long)]
    no_http: bool,
}

pub(super) async fn run(args: Args, settings: &Settings) -> Result<(), ProgramError> {
    let signals = Signals::listen()?;
    telemetry::init_logs();
    let mut config = Config::read(settings)?;
    let listener = if args.no_http {
        None
    } else {
        let listener = socket::bind(&config.listen).await?;
        config.listens_at(listener.local_addr().map_err(ProgramError::Runtime)?);
        Some(listener)
    };
    database::check(&config.database).await?;
    let service = signals
        .unless_hard(Service::start(config, listener, !args.no_workers))
        .await?;
    signals.unless_hard(service.run(&signals)).await
}
