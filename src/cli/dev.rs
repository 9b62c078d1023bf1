//! `threadpay dev`: the service for development, with nothing to set up.

use super::database::Database;
use super::notes::{Notes, TestMerchant};
use super::{CliError, Service, Settings, Signals, listen, print, seam};
use crate::ambient::Ambient;
use crate::crypto::MasterKey;
use crate::embedded::Options;
use std::env;
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
    /// Where to listen: host:port; port 0 takes any free one.
    #[arg(
        long,
        env = "THREADPAY_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080"
    )]
    listen: String,
    /// Where the data is kept: a new or empty directory, or that of an earlier run.
    #[arg(long, value_name = "DIRECTORY", default_value = "threadpay-data")]
    data_dir: PathBuf,
    /// Print nothing for people beside the line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    let signals = Signals::listen()?;
    let listener = listen::bind(&args.listen).await?;
    let database = Database::ready(Options::kept(&args.data_dir), &signals).await?;
    let result = signals
        .unless_hard(work(&args, &database, listener, &signals))
        .await;
    database.close().await;
    result
}

async fn work(
    args: &Args,
    database: &Database,
    listener: TcpListener,
    signals: &Signals,
) -> Result<(), CliError> {
    let mut notes = Notes::read(&args.data_dir, &Ambient::system())?;
    // Before the first secret is sealed with it.
    notes.write(&args.data_dir)?;
    let settings = settings(listener, &notes.master_key)?;
    let service = Service::start(settings, database.db.clone()).await?;
    let merchant = seam::test_merchant(&service, notes.merchant.take()).await?;
    notes.merchant = Some(merchant.clone());
    notes.write(&args.data_dir)?;
    announce(&service, &merchant, database, args.json)?;
    service.run(signals).await
}

/// What `dev` and `demo` run with: no limits, and callbacks may come back to this machine.
pub(super) fn settings(listener: TcpListener, master_key: &str) -> Result<Settings, CliError> {
    let named = env::var("THREADPAY_MASTER_KEY")
        .ok()
        .filter(|key| !key.is_empty());
    let key = named.as_deref().unwrap_or(master_key);
    let private = env::var("THREADPAY_ALLOW_PRIVATE_CALLBACKS").unwrap_or_default();
    Ok(Settings {
        listener: Some(listener),
        public_url: None,
        master_key: MasterKey::from_base64(key)?,
        workers: true,
        allow_private_callbacks: !["false", "0", "no", "off"].contains(&private.as_str()),
        rate_limit: None,
    })
}

fn announce(
    service: &Service,
    merchant: &TestMerchant,
    database: &Database,
    json: bool,
) -> Result<(), CliError> {
    let base_url = service.base_url().unwrap_or_default();
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
    print::line(&facts.to_string())
}
