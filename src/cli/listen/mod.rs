//! `threadpay listen`: a merchant's events on the machine where a bot is developed, as they happen.

mod feed;
mod forward;
mod show;

use crate::program::{ProgramError, Signals};
use crate::{base::ambient::Ambient, domain::callbacks::EventFilter};
use feed::Feed;
use forward::Forwarder;
use show::Show;

/// The long help of the command.
pub(super) const ABOUT: &str =
    "Bring a merchant's events to a bot on this machine, and print each with its result.

It asks a running service for what happens from now on, and posts each event to the address of \
--forward with the bytes and the headers of a callback: one after the other, each once. They are \
signed with a secret for development, which is printed at the start and is the same each time. No \
endpoint is needed, and the service need not reach this machine. Without --forward it only prints. \
Ctrl-C ends it.";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the bot takes callbacks, such as `http://localhost:3000/hook`.
    #[arg(long, value_name = "URL")]
    forward: Option<String>,
    /// Where the service is.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A key of the merchant, of the role bot or merchant.
    #[arg(
        long,
        env = "THREADPAY_API_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    api_key: String,
    /// Which events: types, all of a kind such as `payment_intent.*`, or `*`; all if left out.
    #[arg(long, value_name = "TYPE", num_args = 1.., default_value = "*")]
    events: Vec<String>,
    /// Print one JSON object a line; the first holds the secret.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> Result<(), ProgramError> {
    let signals = Signals::listen()?;
    tokio::select! {
        ended = listen(args) => ended,
        () = signals.soft().cancelled() => Ok(()),
    }
}

async fn listen(args: Args) -> Result<(), ProgramError> {
    let ambient = Ambient::system();
    let filter = EventFilter::parse(args.events).map_err(|fault| ProgramError::Setting {
        name: "--events",
        problem: fault.detail,
    })?;
    let forwarder = match args.forward {
        Some(url) => Some(Forwarder::new(url, &args.api_key).await?),
        None => None,
    };
    let show = Show { json: args.json };
    let mut feed = Feed::open(&args.url, &args.api_key, ambient.clone()).await?;
    show.begin(feed.base_url(), forwarder.as_ref())?;
    loop {
        for event in feed.next().await? {
            if !event.is_wanted(&filter) {
                continue;
            }
            let at = ambient.now();
            let sent = match &forwarder {
                Some(forwarder) => Some(forwarder.send(&event, at.unix_timestamp()).await),
                None => None,
            };
            show.event(at, &event, sent.as_ref())?;
        }
    }
}
