//! `threadpay serve`: the service on a database of its own, as it runs in production.

use crate::app::{config::Config, telemetry};
use crate::program::{ProgramError, Service, Signals, database, socket};

/// The long help of the command.
pub(super) const ABOUT: &str = "Run the service on the Postgres of `DATABASE_URL`.

It answers HTTP and does the background work (callbacks, expiry, open payments). Run `threadpay \
migrate` first. Many may run on one database; `--no-workers` and `--no-http` split the roles. \
SIGTERM or Ctrl-C stops it in good order, a second one at once. It takes as many connections as \
the hard limit of open files (`ulimit -Hn`) lets it, less 256, and at most 16384.";

const SETTINGS: &str = "Environment:
  DATABASE_URL                       the Postgres to use, postgres://user:password@host:5432/threadpay
  THREADPAY_MASTER_KEY               32 random bytes in base64 that seal the secrets in the database
                                     (make them once with `openssl rand -base64 32`, and keep a copy)
  THREADPAY_LISTEN                   where to listen [127.0.0.1:8080]
  THREADPAY_PUBLIC_URL               how payers and bots reach the service [http://<listen>]
  THREADPAY_ALLOW_PRIVATE_CALLBACKS  let callbacks go to private addresses [false]
  THREADPAY_CALLBACK_PORTS           the ports that callbacks may go to [443,8443,80]
  THREADPAY_CALLBACK_NETWORKS        private networks that callbacks may go to all the same, such as
                                     10.20.0.0/16,fd12::/64 [none]
  THREADPAY_CALLBACK_PROXY           a forward proxy for all callbacks, http://user:password@host:port;
                                     it resolves names by itself, so it must refuse private addresses
                                     too [none]
  THREADPAY_CALLBACK_CONCURRENCY     tries under way to one endpoint at first, 1 to 256 [8]
  THREADPAY_RETENTION_DAYS           days that deliveries and their attempts are kept, 1 to 3650 [30]
  THREADPAY_RATE_LIMIT               requests a second that one API key may make, and that may be
                                     made without a key by one address and about one page, or off [100]
  THREADPAY_OPERATOR_LISTEN          where /healthz, /readyz and /metrics are answered, and nowhere else
                                     then [where all else is]
  RUST_LOG                           what to log, as in `info` or `threadpay=debug` [info]";

/// Each setting is also an environment variable.
#[derive(Debug, clap::Args)]
#[command(after_help = SETTINGS)]
pub(super) struct Args {
    /// Answer HTTP only: leave the background work to other processes.
    #[arg(long, conflicts_with = "no_http")]
    no_workers: bool,
    /// Do the background work only.
    #[arg(long)]
    no_http: bool,
}

pub(super) async fn run(args: Args) -> Result<(), ProgramError> {
    let signals = Signals::listen()?;
    telemetry::init_logs();
    let config = Config::from_env().map_err(|e| ProgramError::Failed(e.to_string()))?;
    let listener = if args.no_http {
        None
    } else {
        Some(socket::bind(&config.listen.to_string()).await?)
    };
    database::named().await?;
    let service = signals
        .unless_hard(Service::start(config, listener, !args.no_workers))
        .await?;
    if !args.no_http {
        tracing::info!(base_url = service.base_url(), "threadpay answers");
    }
    service.run(&signals).await
}
