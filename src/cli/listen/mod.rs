//! `threadpay listen`: a merchant's events on the machine where a bot is developed, as they happen.

mod feed;
mod forward;
mod show;

use crate::app::config::settings::{API_KEY, Settings};
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
Ctrl-C ends it.

THREADPAY_API_KEY holds a key of the merchant, of the role bot or merchant; it is no option, since \
others see those. THREADPAY_API_KEY_FILE names a file that holds it; /dev/stdin is one, too.";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the bot takes callbacks, such as `http://localhost:3000/hook`.
    #[arg(long, value_name = "URL")]
    forward: Option<String>,
    /// Where the service is.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Refused: others would see it in the list of processes.
    #[arg(long, hide = true, value_name = "KEY")]
    api_key: Option<String>,
    /// Which events: types, all of a kind such as `payment_intent.*`, or `*`; all if left out.
    #[arg(long, value_name = "TYPE", num_args = 1.., default_value = "*")]
    events: Vec<String>,
    /// Print one JSON object a line; the first holds the secret.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, settings: &Settings) -> Result<(), ProgramError> {
    let api_key = api_key(&args, settings)?;
    let signals = Signals::listen()?;
    tokio::select! {
        ended = listen(args, api_key) => ended,
        () = signals.soft().cancelled() => Ok(()),
    }
}

fn api_key<'a>(args: &Args, settings: &'a Settings) -> Result<&'a str, ProgramError> {
    let name = if args.api_key.is_some() {
        "--api-key"
    } else {
        API_KEY.name
    };
    let problem = match (&args.api_key, settings.get(&API_KEY)) {
        (None, Some(key)) => return Ok(key),
        (None, None) => {
            "is not set: set it, or THREADPAY_API_KEY_FILE, to a key of the role bot or merchant"
        }
        (Some(_), _) => {
            "shows the key to all who list processes, and keeps it in the shell's history: set THREADPAY_API_KEY or THREADPAY_API_KEY_FILE instead"
        }
    };
    let problem = problem.to_owned();
    Err(ProgramError::Setting { name, problem })
}

async fn listen(args: Args, api_key: &str) -> Result<(), ProgramError> {
    let ambient = Ambient::system();
    let filter = EventFilter::parse(args.events).map_err(|fault| ProgramError::Setting {
        name: "--events",
        problem: fault.detail,
    })?;
    let forwarder = match args.forward {
        Some(url) => Some(Forwarder::new(url, api_key).await?),
        None => None,
    };
    let show = Show { json: args.json };
    let mut feed = Feed::open(&args.url, api_key, ambient.clone()).await?;
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
