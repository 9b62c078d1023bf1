//! What the role that serves may do: look and write, but never change the schema or what is booked.

use super::{CELL, Db, DbError, Use, schema};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// Tables of which rows are forgotten in time.
const FORGOTTEN: [&str; 8] = [
    "deliveries",
    "delivery_attempts",
    "due",
    "endpoint_secrets",
    "idempotency_keys",
    "rail_events",
    "replays",
    "waiting_endpoints",
];

impl Db {
    /// Gives a role what `serve` and the commands for merchants and keys need, and takes away all
    /// else that it was given in the cell. Tables that come later are not in it: do this after each
    /// migration.
    pub async fn grant_to(&self, role: &str) -> Result<(), DbError> {
        let mut db = self.connect(Use::General).await?;
        check_role(&mut db, role).await?;
        schema::lock(&mut db).await?;
        let mut transaction = db.begin().await?;
        for statement in statements(&mut transaction, role).await? {
            let statement = format!("-- db.grant\n{statement}");
            let grant = sqlx::raw_sql(AssertSqlSafe(statement));
            grant.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        // With the connection goes the lock.
        db.close().await?;
        Ok(())
    }
}

async fn check_role(db: &mut PgConnection, role: &str) -> Result<(), DbError> {
    let found = sqlx::query_scalar!(
        r#"-- db.owns_tables
        SELECT pg_has_role(r.oid, n.nspowner, 'MEMBER') OR EXISTS (
            SELECT FROM pg_class c
            WHERE c.relnamespace = n.oid AND pg_has_role(r.oid, c.relowner, 'MEMBER')
        ) AS "owns!"
        FROM pg_roles r CROSS JOIN pg_namespace n WHERE r.rolname = $1 AND n.nspname = $2"#,
        role,
        CELL
    );
    match found.fetch_optional(db).await? {
        None => Err(DbError::NoRole(role.to_owned())),
        Some(true) => Err(DbError::Owner(role.to_owned())),
        Some(false) => Ok(()),
    }
}

/// What is append-only by trigger is so by right, too.
async fn statements(db: &mut PgConnection, role: &str) -> Result<Vec<String>, DbError> {
    let statements = sqlx::query_scalar!(
        r#"-- db.grants
        SELECT format(statement, $1::text, $2::text) AS "statement!" FROM (VALUES
            ('REVOKE ALL ON SCHEMA %1$I FROM %2$I'),
            ('REVOKE ALL ON ALL TABLES IN SCHEMA %1$I FROM %2$I'),
            ('GRANT USAGE ON SCHEMA %1$I TO %2$I')
        ) AS whole (statement)
        UNION ALL
        SELECT format('GRANT %s ON %I.%I TO %I', CASE
                WHEN c.relname = '_sqlx_migrations' THEN 'SELECT'
                WHEN c.relname = 'keyring' OR EXISTS (
                    SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
                    WHERE t.tgrelid = c.oid AND p.proname = 'refuse_change'
                ) THEN 'SELECT, INSERT'
                WHEN c.relname = ANY($3::text[]) THEN 'SELECT, INSERT, UPDATE, DELETE'
                ELSE 'SELECT, INSERT, UPDATE'
            END, $1::text, c.relname, $2::text)
        FROM pg_class c
        WHERE c.relnamespace = $1::text::regnamespace AND c.relkind IN ('r', 'p')"#,
        CELL,
        role,
        &FORGOTTEN.map(str::to_owned)
    );
    Ok(statements.fetch_all(db).await?)
}
