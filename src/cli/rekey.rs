//! `threadpay rekey`: another master key for the database.

use crate::program::{ProgramError, database, print};
use crate::{
    app::config::{
        self,
        settings::{DATABASE_URL, MASTER_KEY, NEW_MASTER_KEY, Settings, help},
    },
    base::{ambient::Ambient, db::DbError},
    writer::{self, RekeyError, Rekeyed},
};

/// The long help of the command.
pub(super) const ABOUT: &str = "Seal the database with another master key.

1. Make a key with `openssl rand -base64 32`, keep a copy of it, and set it as \
THREADPAY_NEW_MASTER_KEY.
2. Stop every `threadpay serve` on this database.
3. Run `threadpay rekey`.
4. Start the service with the new key as its THREADPAY_MASTER_KEY.

The secrets of endpoints, the links and the API keys stay what they are. What is owed meanwhile is \
sent afterwards. It is one transaction: interrupted, it has changed nothing and can be run again. \
A process that was left running cannot open the secrets that are sealed anew until it is started \
again. Keep the old key as long as you keep backups that were made with it.";

/// What it is told from outside.
pub(super) fn settings() -> String {
    help(&[&DATABASE_URL, &MASTER_KEY, &NEW_MASTER_KEY])
}

const OLD: &str = MASTER_KEY.name;
const NEW: &str = NEW_MASTER_KEY.name;

pub(super) async fn run(settings: &Settings) -> Result<(), ProgramError> {
    let old = config::master_key(settings, &MASTER_KEY)?;
    let new = config::master_key(settings, &NEW_MASTER_KEY)?;
    if old == new {
        return Err(setting(
            NEW,
            format!("is the same as {OLD}: make another with `openssl rand -base64 32`"),
        ));
    }
    let db = database::migrated(settings).await?;
    let address = db.address();
    print::line(
        &match writer::rekey(&db, &old, &new, &Ambient::system()).await? {
            Rekeyed::Now(1) => done(&address, "1 endpoint secret was"),
            Rekeyed::Now(count) => done(&address, &format!("{count} endpoint secrets were")),
            Rekeyed::Before => format!(
                "The database at {address} is already sealed with the key of {NEW}; nothing was changed."
            ),
        },
    )
}

fn done(address: &str, secrets: &str) -> String {
    format!(
        "The database at {address} is sealed with the new master key; {secrets} sealed anew. Start \
         the service with it as {OLD}."
    )
}

fn setting(name: &'static str, problem: String) -> ProgramError {
    ProgramError::Setting { name, problem }
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
