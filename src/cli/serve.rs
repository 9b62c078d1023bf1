//! `threadpay serve`: the service on a database of its own, as it runs in production.

use super::{CliError, Service, Settings, Signals, database, listen, print};
use crate::crypto::MasterKey;
use crate::db;
use clap::builder::FalseyValueParser;
use std::env;
use url::Url;

/// The long help of the command.
pub(super) const ABOUT: &str = "Run the service on the Postgres of `DATABASE_URL`.

It answers HTTP and does the background work (callbacks, expiry, open payments). Run `threadpay \
migrate` first. Many may run on one database; `--no-workers` and `--no-http` split the roles. \
SIGTERM or Ctrl-C stops it in good order, a second one at once.";

const SECRETS: &str =
    "Secrets come by the environment only, so that no list of processes shows them:
  DATABASE_URL          the Postgres to use, postgres://user:password@host:5432/threadpay
  THREADPAY_MASTER_KEY  32 random bytes in base64 that seal the secrets in the database
                        (make them once with `openssl rand -base64 32`, and keep a copy)
  RUST_LOG              what to log, as in `info` or `threadpay=debug`";

/// The settings of a service in production, each also an environment variable.
#[derive(Debug, clap::Args)]
#[command(after_help = SECRETS)]
pub(super) struct Args {
    /// Where to listen: host:port.
    #[arg(
        long,
        env = "THREADPAY_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080"
    )]
    listen: String,
    /// How payers and bots reach the service, for the links it prints; else the address.
    #[arg(long, env = "THREADPAY_PUBLIC_URL", value_name = "URL")]
    public_url: Option<Url>,
    /// Let callbacks go to private and loopback addresses.
    #[arg(long, env = "THREADPAY_ALLOW_PRIVATE_CALLBACKS", value_parser = FalseyValueParser::new())]
    allow_private_callbacks: bool,
    /// Requests a second that one API key may make.
    #[arg(
        long,
        env = "THREADPAY_RATE_LIMIT",
        value_name = "N",
        default_value_t = 500
    )]
    rate_limit: u32,
    /// Answer HTTP only: leave the background work to other processes.
    #[arg(long, conflicts_with = "no_http")]
    no_workers: bool,
    /// Do the background work only.
    #[arg(long)]
    no_http: bool,
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    let signals = Signals::listen()?;
    let master_key = master_key()?;
    let listener = if args.no_http {
        None
    } else {
        Some(listen::bind(&args.listen).await?)
    };
    let db = database::named().await?;
    require_schema(&db).await?;
    let settings = Settings {
        listener,
        public_url: args.public_url,
        master_key,
        workers: !args.no_workers,
        allow_private_callbacks: args.allow_private_callbacks,
        rate_limit: Some(args.rate_limit),
    };
    let service = signals.unless_hard(Service::start(settings, db)).await?;
    if let Some(base_url) = service.base_url() {
        print::remark(&format!("threadpay answers at {base_url}"));
    }
    service.run(&signals).await
}

/// The key of the environment; there is no default for a secret.
fn master_key() -> Result<MasterKey, CliError> {
    let text = env::var("THREADPAY_MASTER_KEY").unwrap_or_default();
    if text.is_empty() {
        return Err(CliError::Setting {
            name: "THREADPAY_MASTER_KEY",
            problem: "is not set: make a key once with `openssl rand -base64 32` and keep a copy"
                .to_owned(),
        });
    }
    Ok(MasterKey::from_base64(&text)?)
}

/// Refuses a database that `threadpay migrate` has not seen: failing here is kinder than later.
async fn require_schema(db: &db::Db) -> Result<(), CliError> {
    let pool = db.pool(db::Use::General, 1).await?;
    let current = db::schema_is_current(&pool).await;
    pool.close().await;
    match current {
        Ok(true) => Ok(()),
        Ok(false) | Err(sqlx::Error::Database(_)) => Err(CliError::Failed(format!(
            "the schema at {} is not the one of this version: run `threadpay migrate`",
            db.address()
        ))),
        Err(error) => Err(db::DbError::Sql(error).into()),
    }
}
