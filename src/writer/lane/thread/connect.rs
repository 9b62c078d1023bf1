//! How a lane finds the database.

use crate::{
    base::db::{Db, DbError, Use},
    domain::ledger::store as books,
    writer::WriteError,
};
use sqlx::PgConnection;
use std::time::Duration;

/// How long a lane rests before it connects again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);
/// How often it looks for the database once it found none, when no command has it do so.
pub(super) const LOOK: Duration = Duration::from_secs(1);

pub(super) async fn connect(db: &Db) -> Result<PgConnection, DbError> {
    let mut connection = db.connect(Use::Writer).await?;
    books::prepare_lock(&mut connection).await?;
    Ok(connection)
}

/// The same for a command: where the database cannot be reached, that takes a moment.
pub(super) async fn find(db: &Db) -> Result<PgConnection, WriteError> {
    match connect(db).await {
        Ok(connection) => Ok(connection),
        Err(error) => {
            tracing::warn!(%error, "the writer cannot reach the database");
            tokio::time::sleep(RECONNECT_PAUSE).await;
            Err(WriteError::Unavailable)
        }
    }
}
