//! Which database a command works on: the one that is named, else a private one.

use super::{ProgramError, Signals, print};
use crate::app::config::{
    self,
    settings::{DATABASE_URL, Settings},
};
use crate::base::ambient::Ambient;
use crate::base::db::{Db, Use, check_schema};
use crate::embedded::{Options, Postgres};
use std::time::Duration;
use tokio::task::spawn_blocking;

/// How long the first connection may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The database that was named, after one connection has shown that it can be used.
pub async fn named(settings: &Settings) -> Result<Db, ProgramError> {
    let db = config::database(settings)?;
    check(&db).await?;
    Ok(db)
}

/// A database that is ours as long as this lives, or the one that was named.
#[derive(Debug)]
pub struct Database {
    /// How to connect.
    pub db: Db,
    /// The same for other programs, such as `psql`.
    pub url: String,
    postgres: Option<Postgres>,
}

impl Database {
    /// The one that was named, else a private one; brought up to date.
    pub async fn ready(
        settings: &Settings,
        options: Options,
        signals: &Signals,
    ) -> Result<Self, ProgramError> {
        let database = match settings.get(&DATABASE_URL) {
            Some(url) => Self {
                db: named(settings).await?,
                url: url.to_owned(),
                postgres: None,
            },
            None => signals.unless_hard(Self::private(options)).await?,
        };
        database.db.migrate().await?;
        Ok(database)
    }

    async fn private(options: Options) -> Result<Self, ProgramError> {
        let start = spawn_blocking(move || Postgres::start(&options, &Ambient::system()));
        let postgres = start
            .await
            .map_err(|e| ProgramError::Failed(e.to_string()))??;
        Ok(Self {
            db: Db::from_url(&postgres.url())?,
            url: postgres.loopback_url(),
            postgres: Some(postgres),
        })
    }

    /// The process of the private Postgres, if there is one.
    pub fn process_id(&self) -> Option<u32> {
        self.postgres.as_ref().map(Postgres::process_id)
    }

    /// Stops the private Postgres, if there is one, and waits until it is gone.
    pub async fn close(self) {
        if let Some(postgres) = self.postgres
            && let Err(error) = spawn_blocking(|| postgres.stop()).await
        {
            print::complaint(&error);
        }
    }
}

/// The same, once its schema has what this program needs.
pub async fn migrated(settings: &Settings) -> Result<Db, ProgramError> {
    let db = named(settings).await?;
    check_schema(&db.pool(Use::General, 1).await?).await?;
    Ok(db)
}

/// Says so if the database does not answer.
pub async fn check(db: &Db) -> Result<(), ProgramError> {
    let first = tokio::time::timeout(PATIENCE, db.connect(Use::General)).await;
    drop(first.map_err(|_| ProgramError::Silent {
        address: db.address(),
        seconds: PATIENCE.as_secs(),
    })??);
    Ok(())
}
