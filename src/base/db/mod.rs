//! The connection to Postgres: pools, the cell's schema, migrations, and which errors mean what.

mod fault;
mod listed;
mod part;
mod pool;
mod rights;
mod rows;
mod schema;
mod stored;
mod url;
mod window;

pub use fault::{is_lock_timeout, is_outage, is_spoiled, is_timeout, is_unreadable};
pub(crate) use listed::query_listed;
pub use part::{Part, Seen};
pub use pool::{MaySpoil, Pool};
pub use rows::{Unreadable, Written, all_written, readable};
pub use schema::check_schema;
pub use stored::{NotKnown, Stored};
pub use window::{SCAN, Window};

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection};
use std::{fmt, str::FromStr, time::Duration};
use time::OffsetDateTime;

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
    /// Lists, reports and exports: planned like other reads, and given more time.
    Lists,
    /// The writer: look-ups by key too, each planned once. A plan made on an empty table would scan
    /// it for ever (`docs/database.md`).
    Writer,
    /// The dispatcher and its like: look-ups by key too, and no wait for the disk. What a crash
    /// of Postgres takes from them is a lease or a result, always the newest of them: then
    /// something is sent once more, in the same order and with the same id.
    Dispatcher,
}

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The address is not a Postgres URL. It may hold a password, so it is not repeated.
    #[error(
        "DATABASE_URL is not a Postgres URL, as in postgres://user:password@host:5432/threadpay: {0}"
    )]
    Url(String),
    /// Nobody answers, or the log-in is refused.
    #[error("cannot connect to Postgres at {address}: {}", fault::said(source))]
    Connect {
        /// Host, port and database, without the password.
        address: String,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date.
    #[error("cannot migrate the schema: {0}")]
    Migrate(MigrateError),
    /// Others held the locks that a migration needs, for as long as it was tried.
    #[error(
        "cannot migrate the schema: migration {version} finds its tables in use all the time, by a long export, say; end what reads them (pg_stat_activity) and run `threadpay migrate` again"
    )]
    Busy {
        /// The migration's number.
        version: i64,
    },
    /// The schema is older than this program.
    #[error("the database's schema lacks what this version needs: run `threadpay migrate`")]
    Schema,
    /// The role may not do what it must.
    #[error(
        "{what}: let the owner of the tables run `threadpay migrate --grant-to {role}`, which gives a role what it needs"
    )]
    Rights {
        /// What it may not do.
        what: String,
        /// The role, where it is known.
        role: String,
    },
    /// The role may not migrate.
    #[error(
        "cannot migrate the schema: {0}; run `threadpay migrate` as the owner of the database and its tables"
    )]
    NotOwner(String),
    /// The role to give rights to is not there.
    #[error("there is no role {0}: make it first, as in CREATE ROLE {0} LOGIN PASSWORD '…'")]
    NoRole(String),
    /// The role to give rights to has all of them.
    #[error(
        "the role {0} owns the tables or is a superuser, so it may do everything whatever it is granted: name another, that only serves"
    )]
    Owner(String),
    /// Postgres refused a statement.
    #[error(transparent)]
    Sql(sqlx::Error),
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        if fault::is_unknown_name(&error) {
            return Self::Schema;
        }
        match fault::refused_right(&error) {
            Some(what) => Self::Rights {
                what: what.to_owned(),
                role: "ROLE".to_owned(),
            },
            None => Self::Sql(error),
        }
    }
}

impl From<MigrateError> for DbError {
    fn from(error: MigrateError) -> Self {
        if let MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) = &error
            && let Some(what) = fault::refused_right(cause)
        {
            return Self::NotOwner(what.to_owned());
        }
        Self::Migrate(error)
    }
}

const LOOK_UPS: [(&str, &str); 6] = [
    // A row that is looked up is asked for once: remembering it costs as much as reading it.
    ("enable_memoize", "off"),
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
#[derive(Clone)]
pub struct Db {
    options: PgConnectOptions,
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Db ({})", self.address())
    }
}

impl Db {
    /// Reads a `postgres://` URL.
    pub fn from_url(url: &str) -> Result<Self, DbError> {
        url::check(url).map_err(DbError::Url)?;
        let options = PgConnectOptions::from_str(url);
        let options = options.map_err(|error| DbError::Url(error.to_string()))?;
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
            Use::Reads => options
                .options(LOOK_UPS)
                .options(PLAN_ANEW)
                .options([("statement_timeout", "3s")]),
            Use::Lists => options
                .options(LOOK_UPS)
                .options(PLAN_ANEW)
                .options([("statement_timeout", "5s")]),
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

    /// A pool of at most `size` connections, at least one of which is open.
    pub async fn pool(&self, purpose: Use, size: u32) -> Result<Pool, DbError> {
        let options = PgPoolOptions::new()
            .max_connections(size)
            .acquire_timeout(ACQUIRE_MAX);
        let pool = Pool::connect(options, self.options(purpose));
        pool.await.map_err(|source| DbError::Connect {
            address: self.address(),
            source,
        })
    }

    /// A connection of its own that hears what [`tell`] tells from now on.
    pub async fn listener(&self) -> Result<PgListener, DbError> {
        let mut listener = PgListener::connect_with(&*self.pool(Use::General, 1).await?).await?;
        listener.listen(NEWS).await?;
        Ok(listener)
    }
}

/// Postgres' time: not that of the transaction, which may have begun long ago.
pub async fn time(db: &mut PgConnection) -> Result<OffsetDateTime, sqlx::Error> {
    let time = sqlx::query_scalar!("-- db.time\nSELECT clock_timestamp() AS \"time!\"");
    time.fetch_one(db).await
}

/// Tells all processes on the database, this one too. It is a transaction of its own: a commit of
/// money never waits for it.
pub async fn tell(db: &mut PgConnection, news: &str) -> Result<(), sqlx::Error> {
    let notify = sqlx::query!("-- db.tell\nSELECT pg_notify($1, $2)", NEWS, news);
    notify.execute(db).await.map(drop)
}
