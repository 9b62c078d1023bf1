//! One private Postgres for all tests of this program, one database for each.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};
use threadpay::{
    base::{ambient::Ambient, db::Db},
    embedded::{Options, Postgres},
};
use tokio::sync::Mutex;

static POSTGRES: OnceLock<Postgres> = OnceLock::new();
/// Held while a database is made from the template, which must have no other visitor.
static TEMPLATE: Mutex<bool> = Mutex::const_new(false);
static NUMBER: AtomicU32 = AtomicU32::new(1);

/// The server. It ends with this program, even if that is killed.
fn postgres() -> &'static Postgres {
    POSTGRES.get_or_init(|| {
        let options = Options {
            max_connections: 400,
            ..Options::temporary()
        };
        Postgres::start(&options, &Ambient::system()).unwrap()
    })
}

/// The URL of another database on the same server.
fn url_of(name: &str) -> String {
    let url = postgres().url();
    let (server, query) = url.split_once('?').unwrap();
    let (server, _) = server.rsplit_once('/').unwrap();
    format!("{server}/{name}?{query}")
}

/// Runs any SQL, one statement or several.
pub async fn run(db: &mut PgConnection, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    sqlx::raw_sql(sql).execute(db).await.unwrap();
}

/// A new database with the schema in it.
pub async fn new_database() -> String {
    let server = tokio::task::spawn_blocking(postgres).await.unwrap();
    let mut migrated = TEMPLATE.lock().await;
    let mut db = PgConnection::connect(&server.url()).await.unwrap();
    if !*migrated {
        run(&mut db, "CREATE DATABASE template").await;
        let template = Db::from_url(&url_of("template")).unwrap();
        template.migrate().await.unwrap();
        *migrated = true;
    }
    let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let sql = format!("CREATE DATABASE {name} TEMPLATE template");
    run(&mut db, &sql).await;
    db.close().await.unwrap();
    url_of(&name)
}

/// Shuts a database: nobody is let in, and who is in is thrown out.
pub async fn shut(url: &str) {
    let name = name_of(url);
    let mut db = PgConnection::connect(&postgres().url()).await.unwrap();
    run(
        &mut db,
        &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"),
    )
    .await;
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ";
    run(&mut db, &format!("{sql}'{name}'")).await;
    db.close().await.unwrap();
}

/// Opens it again.
pub async fn open(url: &str) {
    let mut db = PgConnection::connect(&postgres().url()).await.unwrap();
    let name = name_of(url);
    run(
        &mut db,
        &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"),
    )
    .await;
    db.close().await.unwrap();
}

fn name_of(url: &str) -> &str {
    let (path, _) = url.split_once('?').unwrap();
    path.rsplit_once('/').unwrap().1
}
