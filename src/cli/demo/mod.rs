//! `threadpay demo`: one payment from end to end, in front of your eyes.

mod bot;
mod play;

use super::dev;
use crate::app::config::settings::Settings;
use crate::base::ambient::Ambient;
use crate::embedded::Options;
use crate::program::database::Database;
use crate::program::notes::{Notes, TestMerchant};
use crate::program::{ProgramError, Service, Signals, print, socket};

/// The long help of the command.
pub(super) const ABOUT: &str = "Play one payment from end to end, explained step by step.

It starts the service on a private Postgres that goes when it ends, and a bot: the bot asks for \
money in a thread, the payer opens the link and pays, the ledger books it, the signed callback \
arrives, and finance sees it in the export. Then it stays up with the pages to open; Ctrl-C ends \
it.";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// End after the payment, with status 0 only if every step held.
    #[arg(long)]
    exit: bool,
    /// End the output of the payment with one line of JSON that holds the same facts.
    #[arg(long)]
    json: bool,
    /// Where to listen: host:port; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: String,
}

pub(super) async fn run(args: Args, settings: &Settings) -> Result<(), ProgramError> {
    let signals = Signals::listen()?;
    let listener = socket::bind(&args.listen).await?;
    let database = Database::ready(settings, Options::temporary(), &signals).await?;
    let notes = Notes::new(&Ambient::system());
    let config = dev::config(settings, &notes, database.db.clone(), &listener)?;
    let work = async {
        let service = Service::start(config, Some(listener), true).await?;
        let played = play(&args, &service, &signals).await;
        if played.is_err() || args.exit {
            signals.soft().cancel();
        }
        service.run(&signals).await.and(played)
    };
    let result = signals.unless_hard(Box::pin(work)).await;
    database.close().await;
    result
}

async fn play(args: &Args, service: &Service, signals: &Signals) -> Result<(), ProgramError> {
    let merchant = TestMerchant::find_or_make(service, None).await?;
    let facts = tokio::select! {
        facts = play::play(service.base_url(), &merchant) => facts?,
        () = signals.soft().cancelled() => return Err(ProgramError::Interrupted),
    };
    if args.json {
        print::json(&facts)?;
    }
    if !args.exit {
        print::remark("\nThe service stays up for you to look around; Ctrl-C ends it.");
    }
    Ok(())
}
