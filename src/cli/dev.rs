//! `threadpay dev`: the service for development, with nothing to set up.

use crate::app::config::{
    self, Config,
    settings::{LISTEN, MASTER_KEY, Settings},
};
use crate::app::telemetry;
use crate::base::ambient::Ambient;
use crate::base::db::Db;
use crate::embedded::Options;
use crate::program::database::Database;
use crate::program::notes::{Notes, TestMerchant};
use crate::program::{ProgramError, Service, Signals, print, socket};
use std::net::TcpListener;
use std::path::PathBuf;

/// The long help of the command.
pub(super) const ABOUT: &str =
    "Run the service for development, on a private Postgres with a test merchant.

When it is ready it prints one line of JSON on standard output: base_url, merchant_id, api_key, \
finance_key and database_url (good for `psql` too). Logs go to standard error. Ctrl-C or SIGTERM \
stops the service and its Postgres; the data, the merchant and the keys stay for the next time. If \
DATABASE_URL is set, that database is used instead.";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to listen, host:port; port 0 takes any free one. If left out, what `THREADPAY_LISTEN`
    /// says, else 127.0.0.1:8080.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where the data is kept: a new or empty directory, or that of an earlier run.
    #[arg(long, value_name = "DIRECTORY", default_value = "threadpay-data")]
    data_dir: PathBuf,
    /// Print nothing for people beside the line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, settings: &Settings) -> Result<(), ProgramError> {
    let signals = Signals::listen()?;
    telemetry::init_logs();
    let listen = args.listen.as_deref().or(settings.get(&LISTEN));
    let listener = socket::bind(listen.unwrap_or(LISTEN.default)).await?;
    let database = Database::ready(settings, Options::kept(&args.data_dir), &signals).await?;
    let result = signals
        .unless_hard(work(&args, settings, &database, (listener, &signals)))
        .await;
    database.close().await;
    result
}

async fn work(
    args: &Args,
    settings: &Settings,
    database: &Database,
    (listener, signals): (TcpListener, &Signals),
) -> Result<(), ProgramError> {
    let mut notes = Notes::read(&args.data_dir, &Ambient::system())?;
    // Before the first secret is sealed with it.
    notes.write(&args.data_dir)?;
    let config = config(settings, &notes, database.db.clone(), &listener)?;
    let service = Service::start(config, Some(listener), true).await?;
    let merchant = TestMerchant::find_or_make(&service, notes.merchant.take()).await?;
    notes.merchant = Some(merchant.clone());
    notes.write(&args.data_dir)?;
    announce(&service, &merchant, database, args.json)?;
    service.run(signals).await
}

/// What `dev` and `demo` run with: no limits, and callbacks may come back to this machine, unless
/// the environment says otherwise.
pub(super) fn config(
    settings: &Settings,
    notes: &Notes,
    db: Db,
    listener: &TcpListener,
) -> Result<Config, ProgramError> {
    let master_key = match settings.get(&MASTER_KEY) {
        Some(_) => config::master_key(settings, &MASTER_KEY)?,
        None => notes.master_key()?,
    };
    let address = listener.local_addr().map_err(ProgramError::Runtime)?;
    let mut config = Config::new(db, address, master_key);
    config.allow_private_callbacks = true;
    config.read_rest(settings)?;
    Ok(config)
}

fn announce(
    service: &Service,
    merchant: &TestMerchant,
    database: &Database,
    json: bool,
) -> Result<(), ProgramError> {
    let base_url = service.base_url();
    if !json {
        print::remark(&format!(
            "Threadpay is ready at {base_url} (API reference: {base_url}/docs). Try:\n\n  \
             curl {base_url}/v1/payment_intents -H 'Authorization: Bearer {}' \\\n    \
             -H 'Idempotency-Key: first' -H 'Content-Type: application/json' \\\n    \
             -d '{{\"amount\":\"12.50\",\"currency\":\"EUR\"}}'\n\nCtrl-C stops it.\n",
            merchant.api_key
        ));
    }
    let facts = serde_json::json!({
        "base_url": base_url,
        "merchant_id": merchant.merchant_id,
        "api_key": merchant.api_key,
        "finance_key": merchant.finance_key,
        "database_url": database.url,
    });
    print::json(&facts)
}
