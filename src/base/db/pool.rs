//! A pool whose statements survive migrations.
//!
//! Postgres refuses a prepared statement whose result a migration has changed, and does not know one
//! that something between us and it forgot. Such a statement did nothing, so it is made once more,
//! on a connection that was opened since.

use super::is_spoiled;
use futures_util::{StreamExt, TryStreamExt, future::BoxFuture, stream, stream::BoxStream};
use sqlx::{
    Describe, Either, Execute, Executor, PgPool, Postgres, SqlStr, Transaction,
    error::BoxDynError,
    postgres::{PgArguments, PgPoolOptions, PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};
use std::{
    ops::Deref,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// When connections of this process were last found to hold statements that are of no use any more.
/// A migration spoils those of all pools.
static SPOILED_AT: Mutex<Option<Instant>> = Mutex::new(None);

/// Has every connection of this process's pools replaced before it is used again.
fn renew() {
    *SPOILED_AT.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
}

/// Whether a connection of this age was opened since the last [`renew`].
fn is_fresh(age: Duration) -> bool {
    let spoiled_at = *SPOILED_AT.lock().unwrap_or_else(PoisonError::into_inner);
    spoiled_at.is_none_or(|at| age < at.elapsed())
}

/// An error that may be one of a spoiled statement.
pub trait MaySpoil {
    /// Whether it is.
    fn is_spoiled(&self) -> bool;
}

impl MaySpoil for sqlx::Error {
    fn is_spoiled(&self) -> bool {
        is_spoiled(self)
    }
}

/// Connections to Postgres. A statement that is spoiled is made again.
#[derive(Clone, Debug)]
pub struct Pool(PgPool);

/// A pool whose connections are not replaced.
impl From<PgPool> for Pool {
    fn from(pool: PgPool) -> Self {
        Self(pool)
    }
}

impl Deref for Pool {
    type Target = PgPool;

    fn deref(&self) -> &PgPool {
        &self.0
    }
}

impl Pool {
    pub(super) async fn connect(
        options: PgPoolOptions,
        to: sqlx::postgres::PgConnectOptions,
    ) -> Result<Self, sqlx::Error> {
        let options = options
            .before_acquire(|_, connection| Box::pin(async move { Ok(is_fresh(connection.age)) }));
        Ok(Self(options.connect_with(to).await?))
    }

    /// Begins a transaction.
    pub async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.begin_with("BEGIN").await
    }

    /// Begins a transaction by a statement of one's own. It is begun to its end even if nobody waits
    /// for it any more, since a client hung up, say: the library would put the connection back with
    /// the transaction open, and whoever used it next would see the past and commit nothing.
    pub async fn begin_with(
        &self,
        statement: &'static str,
    ) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        let pool = self.0.clone();
        let begun = tokio::spawn(async move { pool.begin_with(statement).await });
        // It can only have panicked, or the runtime ends.
        begun.await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }

    /// Does what takes several statements on one connection, all of it once more if one of them was
    /// spoiled: so it must be a read, or a transaction.
    pub async fn again<T, E: MaySpoil, F>(&self, work: impl Fn() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        match work().await {
            Err(error) if error.is_spoiled() => {
                renew();
                work().await
            }
            done => done,
        }
    }
}

/// A statement, to be made as often as it takes.
#[derive(Clone)]
struct Statement {
    sql: SqlStr,
    arguments: Option<PgArguments>,
    persistent: bool,
}

impl Statement {
    fn of<'q>(mut query: impl Execute<'q, Postgres>) -> Result<Self, sqlx::Error> {
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?;
        Ok(Self {
            arguments,
            persistent: query.persistent(),
            sql: query.sql(),
        })
    }
}

impl Execute<'_, Postgres> for Statement {
    fn sql(self) -> SqlStr {
        self.sql
    }

    fn statement(&self) -> Option<&PgStatement> {
        None
    }

    fn take_arguments(&mut self) -> Result<Option<PgArguments>, BoxDynError> {
        Ok(self.arguments.take())
    }

    fn persistent(&self) -> bool {
        self.persistent
    }
}

impl<'p> Executor<'p> for &Pool {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, sqlx::Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let (pool, statement) = (self.clone(), Statement::of(query));
        let rows = async move {
            let statement = statement?;
            let fetch = || async {
                let mut connection = pool.acquire().await?;
                let rows = connection.fetch_many(statement.clone());
                rows.try_collect::<Vec<_>>().await
            };
            pool.again(fetch).await
        };
        // All of them before the first is given: half of an answer cannot be given twice.
        let rows = stream::once(rows).map_ok(|rows| stream::iter(rows).map(Ok));
        rows.try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<PgRow>, sqlx::Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let (pool, statement) = (self.clone(), Statement::of(query));
        Box::pin(async move {
            let statement = statement?;
            let fetch = || async {
                let mut connection = pool.acquire().await?;
                connection.fetch_optional(statement.clone()).await
            };
            pool.again(fetch).await
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, sqlx::Error>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        Box::pin(async move { pool.acquire().await?.prepare_with(sql, parameters).await })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, sqlx::Error>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        Box::pin(async move { pool.acquire().await?.describe(sql).await })
    }
}
