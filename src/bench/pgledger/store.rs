//! SQL of a foreign ledger, which brings its own: nothing of it can be checked beforehand.

use sqlx::{AssertSqlSafe, PgConnection};

/// Makes a schema of its own for it, and it anew from the text of its files.
pub(super) async fn load(db: &mut PgConnection, text: &str) -> Result<(), sqlx::Error> {
    let schema = "-- pgledger.schema
        DROP SCHEMA IF EXISTS bench_pgledger CASCADE; CREATE SCHEMA bench_pgledger";
    sqlx::raw_sql(schema).execute(&mut *db).await?;
    enter(db).await?;
    let text = AssertSqlSafe(text.to_owned());
    sqlx::raw_sql(text).execute(db).await.map(drop)
}

/// Lets a connection see it.
pub(super) async fn enter(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let enter = sqlx::query("-- pgledger.enter\nSET search_path TO bench_pgledger");
    enter.execute(db).await.map(drop)
}

/// Opens an account and gives its id.
pub(super) async fn open(db: &mut PgConnection) -> Result<String, sqlx::Error> {
    let open = sqlx::query_scalar(
        "-- pgledger.open
        SELECT id FROM pgledger_create_account('bench', 'EUR')",
    );
    open.fetch_one(db).await
}

/// Moves 12.50 from one account to another, in a transaction of its own.
pub(super) async fn transfer(
    db: &mut PgConnection,
    (from, to): (&str, &str),
) -> Result<(), sqlx::Error> {
    let transfer = sqlx::query(
        "-- pgledger.transfer
        SELECT id FROM pgledger_create_transfer($1, $2, 12.50)",
    );
    let transfer = transfer.bind(from).bind(to);
    transfer.fetch_one(db).await.map(drop)
}
