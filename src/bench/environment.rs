//! What every measurement stands on: the database, who asks and who is called back, and what all
//! of it costs.

use super::{
    commits,
    cost::{self, Cost},
    failure::failed,
    fill,
    measured::{Done, Measured},
    receiver::Receiver,
    side_runtime::SideRuntime,
    store,
};
use crate::base::db::{Db, Use};
use crate::program::{ProgramError, database::Database};

/// The merchants' name, by which a database of an earlier run is recognized.
pub(super) const NAME: &str = "threadpay bench";

/// Everything but the service.
#[derive(Debug)]
pub(super) struct Environment {
    /// The database.
    pub db: Db,
    postgres: Option<u32>,
    /// Who is called back.
    pub receiver: Receiver,
    /// Who asks.
    pub bots: SideRuntime,
}

impl Environment {
    /// Sets up on a database that holds nothing else.
    pub async fn prepare(database: &Database) -> Result<Self, ProgramError> {
        refuse_others(&database.db).await?;
        let postgres = database.process_id();
        if postgres.is_some() {
            let mut connection = database.db.connect(Use::General).await?;
            fill::make_log_files(&mut connection)
                .await
                .map_err(failed)?;
        }
        Ok(Self {
            db: database.db.clone(),
            postgres,
            receiver: Receiver::start().await?,
            bots: SideRuntime::start("bots").map_err(ProgramError::Runtime)?,
        })
    }

    /// What service and Postgres have cost until now.
    pub async fn cost(&self) -> Result<Cost, ProgramError> {
        let others = self.bots.cpu().await? + self.receiver.side.cpu().await?;
        let all = cost::of_this_process().map_err(failed)?;
        Ok(Cost {
            service: all.saturating_sub(others),
            postgres: self.postgres.and_then(cost::of_postgres),
        })
    }

    /// How many commits of one row the machine makes in a second just now.
    pub async fn commits(&self) -> Result<u64, ProgramError> {
        commits::per_second(&self.db).await
    }

    /// Runs one measurement and sees what it costs.
    pub async fn watch(
        &self,
        run: impl Future<Output = Result<Done, ProgramError>>,
    ) -> Result<Measured, ProgramError> {
        cost::forget_peak();
        let (cost, memory) = (self.cost().await?, cost::resident_bytes());
        let done = run.await?;
        let (spent, peak_bytes) = (self.cost().await?, cost::peak_bytes());
        let growth = peak_bytes.zip(memory);
        Ok(Measured {
            figures: done.figures,
            callbacks_per_second: done.callbacks_per_second,
            bytes_per_second: done.bytes_per_second,
            cpu: spent.share(cost, done.count),
            peak_bytes,
            growth_bytes: growth.map(|(peak, before)| peak.saturating_sub(before)),
        })
    }
}

/// Nobody's payments are measured upon.
async fn refuse_others(db: &Db) -> Result<(), ProgramError> {
    if store::holds_others(db, NAME).await? {
        return Err(ProgramError::Failed(
            "the database of DATABASE_URL holds merchants: give the benchmark one of its own"
                .to_owned(),
        ));
    }
    Ok(())
}
