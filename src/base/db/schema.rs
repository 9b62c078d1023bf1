//! Migrations. They run beside processes that serve, of this version and of the one before it, so
//! they must not make anybody wait: `docs/database.md` has the rules.

use super::{CELL, Db, DbError, Pool, Use, fault::is_lock_timeout};
use sqlx::{
    AssertSqlSafe, Connection, PgConnection,
    migrate::{Migrate, MigrateError, Migration, Migrator},
};
use std::{collections::HashMap, time::Duration};

static MIGRATOR: Migrator = sqlx::migrate!();

/// Where `sqlx` notes which migrations have run.
const TABLE: &str = "_sqlx_migrations";

/// How long a migration waits for a lock, in milliseconds. What comes after it waits behind it,
/// so it gives up and tries again: behind a long reader it would stop all others.
const LOCK_WAIT: u16 = 250;
/// How often it tries, and the longest pause between: ten minutes in all.
const ATTEMPTS: u32 = 70;
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Db {
    /// Makes the cell's schema if it is missing and runs the migrations it has not seen. Those that
    /// this program does not know are of a newer one, and are left alone.
    pub async fn migrate(&self) -> Result<(), DbError> {
        self.run_migrations(MIGRATOR.iter().as_slice()).await
    }

    /// Runs those of these migrations that the schema has not seen.
    pub async fn run_migrations(&self, migrations: &[Migration]) -> Result<(), DbError> {
        let done = self.run_in_turn(migrations).await;
        done.map_err(|error| {
            if let DbError::Rights { what, .. } = error {
                DbError::NotOwner(what)
            } else {
                error
            }
        })
    }

    async fn run_in_turn(&self, migrations: &[Migration]) -> Result<(), DbError> {
        let mut db = self.connect(Use::General).await?;
        // Everywhere else the schema is named by the search path alone.
        sqlx::query("-- db.create_cell\nCREATE SCHEMA IF NOT EXISTS cell_00")
            .execute(&mut db)
            .await?;
        lock(&mut db).await?;
        let done = run(&mut db, migrations).await;
        // With the connection goes the lock.
        db.close().await?;
        done
    }
}

/// Waits for its turn among those who migrate, in short waits: an index that is made concurrently
/// waits for all statements that run, also for one that waits here.
pub(super) async fn lock(db: &mut PgConnection) -> Result<(), DbError> {
    give_up_after(db, LOCK_WAIT).await?;
    let mut attempts = 0;
    loop {
        match db.lock().await {
            Ok(()) => return Ok(()),
            Err(error) if attempts < ATTEMPTS && is_busy(&error) => pause(attempts).await,
            Err(error) => return Err(error.into()),
        }
        attempts += 1;
    }
}

async fn run(db: &mut PgConnection, migrations: &[Migration]) -> Result<(), DbError> {
    db.ensure_migrations_table(TABLE).await?;
    let applied = db.list_applied_migrations(TABLE).await?.into_iter();
    let applied: HashMap<_, _> = applied.map(|m| (m.version, m.checksum)).collect();
    for migration in migrations {
        match applied.get(&migration.version) {
            Some(checksum) if *checksum == migration.checksum => {}
            Some(_) => return Err(MigrateError::VersionMismatch(migration.version).into()),
            None => apply(db, migration).await?,
        }
    }
    Ok(())
}

/// Runs one migration, as often as it takes to find its tables free.
async fn apply(db: &mut PgConnection, migration: &Migration) -> Result<(), DbError> {
    if migration.no_tx {
        // It makes an index concurrently, which waits long and stops nobody.
        drop_broken_indexes(db).await?;
        give_up_after(db, 0).await?;
    } else {
        give_up_after(db, LOCK_WAIT).await?;
    }
    let version = migration.version;
    for attempt in 0..ATTEMPTS {
        match db.apply(TABLE, migration).await {
            Ok(_) => return Ok(()),
            Err(error) if is_busy(&error) => {
                tracing::info!(
                    version,
                    attempt,
                    "a migration waits for its tables to be free"
                );
                pause(attempt).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(DbError::Busy { version })
}

/// An index that was not finished when its migration broke off is of no use, and costs like one.
async fn drop_broken_indexes(db: &mut PgConnection) -> Result<(), DbError> {
    let broken = sqlx::query_scalar!(
        r#"-- db.broken_indexes
        SELECT format('%I', c.relname) AS "name!"
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE NOT i.indisvalid AND c.relnamespace = $1::text::regnamespace
            AND c.relname !~ '_cc(new|old)[0-9]*$'"#,
        CELL
    );
    for name in broken.fetch_all(&mut *db).await? {
        let drop = format!("-- db.drop_broken_index\nDROP INDEX CONCURRENTLY IF EXISTS {name}");
        sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut *db).await?;
    }
    Ok(())
}

/// Sets how many milliseconds a statement waits for a lock; for ever if 0.
async fn give_up_after(db: &mut PgConnection, milliseconds: u16) -> Result<(), DbError> {
    let set = sqlx::query!(
        "-- db.set_lock_timeout
        SELECT set_config('lock_timeout', $1, false)",
        milliseconds.to_string()
    );
    set.fetch_one(db).await?;
    Ok(())
}

fn is_busy(error: &MigrateError) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else {
        return false;
    };
    is_lock_timeout(error)
}

async fn pause(attempt: u32) {
    let pause = Duration::from_millis(250).saturating_mul(1 << attempt.min(10));
    tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
}

/// Says what this program lacks of the schema. It may have more: a newer version's.
pub async fn check_schema(pool: &Pool) -> Result<(), DbError> {
    let needed: Vec<i64> = MIGRATOR.iter().map(|m| m.version).collect();
    let missing = sqlx::query_scalar!(
        r#"-- db.is_migration_missing
        SELECT EXISTS (
            SELECT FROM UNNEST($1::bigint[]) AS needed (version) WHERE NOT EXISTS (
                SELECT FROM _sqlx_migrations m WHERE m.version = needed.version AND m.success)
        ) AS "missing!""#,
        &needed
    );
    match missing.fetch_one(pool).await.map_err(DbError::from) {
        Ok(false) => Ok(()),
        Ok(true) => Err(DbError::Schema),
        // A schema that one may not use looks like one that is not there.
        Err(DbError::Schema) => Err(check_usage(pool).await?),
        Err(error) => Err(error),
    }
}

/// Why the table of migrations is not found.
async fn check_usage(pool: &Pool) -> Result<DbError, DbError> {
    let hidden = sqlx::query_scalar!(
        r#"-- db.hidden_from
        SELECT current_user::text AS "role!" FROM pg_namespace
        WHERE nspname = $1 AND NOT has_schema_privilege(oid, 'USAGE')"#,
        CELL
    );
    Ok(match hidden.fetch_optional(pool).await? {
        None => DbError::Schema,
        Some(role) => DbError::Rights {
            what: format!("the role {role} may not use the schema {CELL}"),
            role,
        },
    })
}
