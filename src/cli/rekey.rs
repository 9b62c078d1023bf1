//! `threadpay rekey`: another master key for the database.

use crate::program::{ProgramError, database, print};
use crate::{
    app::config::{
        self,
        settings::{DATABASE_URL, MASTER_KEY, NEW_MASTER_KEY, Settings, help},
    },
    base::{ambient::Ambient, db::DbError},
    writer::{self, RekeyError, Rekeyed, Rotation},
};
use serde_json::{Value, json};

/// The long help of the command.
pub(super) const ABOUT: &str = "Seal the database with another master key, and replace other keys.

1. Make a key with `openssl rand -base64 32`, keep a copy of it, and set it as \
THREADPAY_NEW_MASTER_KEY.
2. Stop every `threadpay serve` on this database.
3. Run `threadpay rekey`, as the owner of the tables.
4. Start the service with the new key as its THREADPAY_MASTER_KEY.

The secrets of endpoints, the links and the API keys stay what they are. What is due meanwhile is \
sent afterwards. It is one transaction: interrupted, it has changed nothing and can be run again. \
A process that was left running cannot open the secrets that are sealed anew until it is started \
again. Keep the old key as long as you keep backups that were made with it.

Those who had the old master key and a copy of the database also have the keys that sign access tokens \
and receipts and that derive the tokens of pages. `--rotate` replaces those, with or without another \
master key:

  signing  Access tokens that the old key signed are refused once those of its time have ended, after \
15 minutes. Receipts that it signed can still be checked: the key set at /.well-known/jwks.json \
keeps it.
  tokens   Pages that are made from now on get their tokens from a new key. Links that stand in \
threads go on opening theirs.
  links    All pages get new tokens: links that stand in threads, receipts among them, open nothing \
any more, and the API gives new ones.";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Replace these keys too: signing, tokens or links, or several with commas between.
    #[arg(long, value_name = "KEYS", value_delimiter = ',')]
    rotate: Vec<Rotation>,
    /// Print a line of JSON with `database`, `replaced`, `kept` and `secrets_sealed`.
    #[arg(long)]
    json: bool,
}

/// Its settings.
pub(super) fn settings() -> String {
    help(&[&DATABASE_URL, &MASTER_KEY, &NEW_MASTER_KEY])
}

const OLD: &str = MASTER_KEY.name;
const NEW: &str = NEW_MASTER_KEY.name;

pub(super) async fn run(args: Args, settings: &Settings) -> Result<(), ProgramError> {
    let old = config::master_key(settings, &MASTER_KEY)?;
    let new = if !args.rotate.is_empty() && settings.get(&NEW_MASTER_KEY).is_none() {
        old.clone()
    } else {
        let new = config::master_key(settings, &NEW_MASTER_KEY)?;
        if old == new {
            let problem =
                format!("is the same as {OLD}: make another with `openssl rand -base64 32`");
            return Err(ProgramError::Setting { name: NEW, problem });
        }
        new
    };
    let db = database::migrated(settings).await?;
    let rekeyed = writer::rekey(&db, (&old, &new), &args.rotate, &Ambient::system()).await?;
    let done = Done {
        address: db.address(),
        rekeyed,
        rotated: args.rotate,
    };
    if args.json {
        print::json(&done.facts())
    } else {
        print::line(&done.sentence())
    }
}

/// What was done.
struct Done {
    address: String,
    rekeyed: Rekeyed,
    rotated: Vec<Rotation>,
}

impl Done {
    /// The keys that there are: those that were replaced, and those that were kept.
    fn keys(&self) -> (Vec<&str>, Vec<&str>) {
        let is_new = matches!(self.rekeyed, Rekeyed::Now(_));
        let rotated = |rotation| self.rotated.contains(&rotation);
        let all = [
            ("master", is_new),
            ("secrets", is_new),
            ("signing", rotated(Rotation::Signing)),
            (
                "tokens",
                rotated(Rotation::Tokens) || rotated(Rotation::Links),
            ),
            ("links", rotated(Rotation::Links)),
        ];
        let (replaced, kept): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, new)| *new);
        let names = |keys: Vec<(&'static str, bool)>| keys.into_iter().map(|(name, _)| name);
        (names(replaced).collect(), names(kept).collect())
    }

    fn facts(&self) -> Value {
        let (replaced, kept) = self.keys();
        let sealed = match self.rekeyed {
            Rekeyed::Now(count) => count,
            Rekeyed::Before => 0,
        };
        json!({"database": self.address, "replaced": replaced, "kept": kept, "secrets_sealed": sealed})
    }

    fn sentence(&self) -> String {
        let (address, (replaced, kept)) = (&self.address, self.keys());
        let secrets = |secrets: &str| {
            format!(
                "The database at {address} is sealed with the new master key; {secrets} sealed \
                 anew. Start the service with it as {OLD}."
            )
        };
        let master = match self.rekeyed {
            Rekeyed::Now(1) => secrets("1 secret was"),
            Rekeyed::Now(count) => secrets(&format!("{count} secrets were")),
            Rekeyed::Before if replaced.is_empty() => {
                return format!(
                    "The database at {address} is already sealed with the key of {NEW}; nothing was changed."
                );
            }
            Rekeyed::Before => format!("The master key of the database at {address} stays."),
        };
        let kept = if kept.is_empty() {
            "nothing".to_owned()
        } else {
            kept.join(", ")
        };
        format!("{master} Replaced: {}. Kept: {kept}.", replaced.join(", "))
    }
}

impl From<RekeyError> for ProgramError {
    fn from(error: RekeyError) -> Self {
        if let RekeyError::Db(DbError::Rights { what, .. }) = &error {
            let sentence = format!("{what}: run `threadpay rekey` as the owner of the tables");
            return Self::Failed(sentence);
        }
        Self::Failed(error.to_string())
    }
}
