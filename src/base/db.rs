//! The connection to Postgres: pools, the cell's schema, migrations, and which errors mean what.

use sqlx::error::DatabaseError;
use sqlx::postgres::{
    PgConnectOptions, PgDatabaseError, PgListener, PgPool, PgPoolOptions, PgSeverity,
};
use sqlx::{ConnectOptions, Connection, PgConnection};
use std::{str::FromStr, time::Duration};

/// The one cell of today: all of a merchant lives in one Postgres schema.
pub const CELL: &str = "cell_00";

/// The channel of Postgres on which processes tell each other what was committed.
const NEWS: &str = "threadpay_events";

/// How long one may wait for a connection of a pool. Where reads come faster than the pool serves
/// them, each more that waits only makes the others wait longer.
const ACQUIRE_MAX: Duration = Duration::from_secs(2);

/// How the connections of one kind are set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// What is done seldom and over all there is: Postgres plans as it sees fit.
    General,
    /// What the API reads: every statement is a look-up by key or a page in the order of an index,
    /// whatever the statistics say. They are of yesterday for a merchant who came today, and a plan
    /// for a merchant of a few rows reads all of many. Each is planned for what is asked: a plan for
    /// any filter of a list serves none.
    Reads,
    /// The writer: look-ups by key too, each planned once. A plan made on an empty table would scan
    /// it for ever (`ARCHITECTURE.md`).
    Writer,
    /// The dispatcher and its like: look-ups by key too, and no wait for the disk. What a crash
    /// of Postgres takes from them is a lease or a result, always the newest of them: then
    /// something is sent once more, in the same order and with the same id.
    Dispatcher,
}

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The address is not a Postgres URL.
    #[error(
        "DATABASE_URL is not a Postgres URL (postgres://user:password@host:port/database): {0}"
    )]
    Url(sqlx::Error),
    /// Nobody answers, or the log-in is refused.
    #[error("cannot connect to Postgres at {address}: {source}")]
    Connect {
        /// Host, port and database, without the password.
        address: String,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date.
    #[error("cannot migrate the schema: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// Postgres refused a statement.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
}

const LOOK_UPS: [(&str, &str); 5] = [
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];

const PLAN_ONCE: [(&str, &str); 1] = [("plan_cache_mode", "force_generic_plan")];
const PLAN_ANEW: [(&str, &str); 1] = [("plan_cache_mode", "force_custom_plan")];

/// A process that is frozen or cut off between two statements holds its merchants' books locked
/// no longer than this; else it would be for ever. No batch thinks for a hundredth of it.
const LET_GO: [(&str, &str); 1] = [("idle_in_transaction_session_timeout", "5s")];

/// Where the database is, read from a URL.
#[derive(Clone, Debug)]
pub struct Db {
    options: PgConnectOptions,
}

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

impl Db {
    /// Reads a `postgres://` URL.
    pub fn from_url(url: &str) -> Result<Self, DbError> {
        let options = PgConnectOptions::from_str(url).map_err(DbError::Url)?;
        Ok(Self {
            options: options.disable_statement_logging(),
        })
    }

    /// Host, port and database, for messages: no password.
    pub fn address(&self) -> String {
        let name = self.options.get_database().unwrap_or("postgres");
        format!(
            "{}:{}/{name}",
            self.options.get_host(),
            self.options.get_port()
        )
    }

    fn options(&self, purpose: Use) -> PgConnectOptions {
        let options = self
            .options
            .clone()
            .options([("search_path", CELL), ("client_min_messages", "warning")])
            .application_name("threadpay");
        match purpose {
            Use::General => options,
            Use::Reads => options.options(LOOK_UPS).options(PLAN_ANEW),
            Use::Writer => options.options(LOOK_UPS).options(PLAN_ONCE).options(LET_GO),
            Use::Dispatcher => options
                .options(LOOK_UPS)
                .options(PLAN_ONCE)
                .options(LET_GO)
                .options([("synchronous_commit", "off")]),
        }
    }

    /// One connection of its own.
    pub async fn connect(&self, purpose: Use) -> Result<PgConnection, DbError> {
        let connect = PgConnection::connect_with(&self.options(purpose)).await;
        connect.map_err(|source| DbError::Connect {
            address: self.address(),
            source,
        })
    }

    /// A pool of at most `size` connections, at least one of which stands.
    pub async fn pool(&self, purpose: Use, size: u32) -> Result<PgPool, DbError> {
        let pool = PgPoolOptions::new()
            .max_connections(size)
            .acquire_timeout(ACQUIRE_MAX)
            .connect_with(self.options(purpose));
        pool.await.map_err(|source| DbError::Connect {
            address: self.address(),
            source,
        })
    }

    /// A connection of its own that hears what [`tell`] tells from now on.
    pub async fn listener(&self) -> Result<PgListener, DbError> {
        let mut listener = PgListener::connect_with(&self.pool(Use::General, 1).await?).await?;
        listener.listen(NEWS).await?;
        Ok(listener)
    }

    /// Makes the cell's schema if it is missing and runs the migrations it has not seen.
    pub async fn migrate(&self) -> Result<(), DbError> {
        let mut connection = self.connect(Use::General).await?;
        // Everywhere else the schema is named by the search path alone.
        sqlx::query("-- db.create_cell\nCREATE SCHEMA IF NOT EXISTS cell_00")
            .execute(&mut connection)
            .await?;
        MIGRATOR.run(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }
}

/// Tells all processes on the database, this one too. It is a transaction of its own: a commit of
/// money never waits for it.
pub async fn tell(db: &mut PgConnection, news: &str) -> Result<(), sqlx::Error> {
    let notify = sqlx::query!("-- db.tell\nSELECT pg_notify($1, $2)", NEWS, news);
    notify.execute(db).await.map(drop)
}

/// Whether the schema is exactly the one this program was built for.
pub async fn schema_is_current(pool: &PgPool) -> Result<bool, sqlx::Error> {
    let wanted = MIGRATOR.iter().map(|m| m.version).max();
    let found = sqlx::query_scalar!(
        "-- db.schema_version
        SELECT max(version) FROM _sqlx_migrations WHERE success"
    );
    Ok(found.fetch_one(pool).await? == wanted)
}

/// Whether the connection is lost or the server is going away, so that the same work may
/// succeed on a new connection; else the statement itself is at fault.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum is not exhaustive; the rest are faults of a statement"
)]
pub fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(e) => {
            let code = e.code().unwrap_or_default();
            is_fatal(&**e)
                // Class 57: operator intervention; 53: out of resources; 08: connection; 40: retry.
                || ["57", "53", "08", "40"]
                    .iter()
                    .any(|class| code.starts_with(class))
                // A standby that only reads.
                || code == "25006"
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// Whether the server has ended the connection with it: whatever the reason (a restart, a database
/// that is shut, a full disk while it logged us in), it is none of the statement's.
fn is_fatal(error: &dyn DatabaseError) -> bool {
    let error = error.try_downcast_ref::<PgDatabaseError>();
    error.is_some_and(|error| matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic))
}

/// A page of a list that is kept newest first, by ids that sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Only what is older than this.
    pub older_than: Option<uuid::Uuid>,
    /// Only what is newer than this: the page that ends just before it.
    pub newer_than: Option<uuid::Uuid>,
    /// Most rows to give.
    pub limit: u8,
}

impl Window {
    /// How many rows to read: one more than to give, to see whether there are more.
    pub fn reach(self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// Whether the object with this id may be on the page.
    pub fn holds(self, id: uuid::Uuid) -> bool {
        self.older_than.is_none_or(|end| id < end) && self.newer_than.is_none_or(|end| id > end)
    }

    /// Cuts rows, newest first, to the limit, and says whether there were more.
    pub fn cut<T>(self, mut rows: Vec<T>) -> (Vec<T>, bool) {
        let limit = usize::from(self.limit);
        let surplus = rows.len().saturating_sub(limit);
        if self.newer_than.is_some() {
            rows.drain(..surplus);
        } else {
            rows.truncate(limit);
        }
        (rows, surplus > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_page_is_what_lies_nearest_to_its_end() {
        let page = |older_than: Option<u128>, newer_than: Option<u128>| {
            let window = Window {
                older_than: older_than.map(Uuid::from_u128),
                newer_than: newer_than.map(Uuid::from_u128),
                limit: 2,
            };
            let mut rows = vec![5, 4, 3, 2, 1];
            rows.retain(|&row| window.holds(Uuid::from_u128(row)));
            window.cut(rows)
        };
        assert_eq!(page(None, None), (vec![5, 4], true));
        assert_eq!(page(Some(4), None), (vec![3, 2], true));
        assert_eq!(page(Some(2), None), (vec![1], false));
        assert_eq!(page(None, Some(1)), (vec![3, 2], true));
        assert_eq!(page(None, Some(3)), (vec![5, 4], false));
    }
}
