//! The same story on both databases.

use history::{History, HistorySettings};
use uuid::Uuid;

pub(crate) mod records;

/// Runs a story on a file of its own, and on a database of its own in PostgreSQL.
pub(crate) async fn on_both(story: impl AsyncFn(History)) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("new/history.db").display());
    on(&url, &story).await;
    on(&new_postgres().await, &story).await;
}

async fn on(url: &str, story: &impl AsyncFn(History)) {
    let settings = HistorySettings { url: url.to_owned(), ..HistorySettings::default() };
    let history = History::open(&settings).await.expect("the database opens");
    story(history.clone()).await;
    history.close().await;
}

/// A new, empty database.
#[expect(clippy::disallowed_methods, reason = "where the tests' server is, is no setting of the program's")]
#[cfg_attr(test, allow(dead_code, reason = "not every story asks for it"))]
pub(crate) async fn new_postgres() -> String {
    let server = std::env::var("POSTBODE_TEST_POSTGRES").expect(
        "these tests need a PostgreSQL: run them by `make test`, or by scripts/with-postgres cargo test …",
    );
    let name = format!("test_{}", Uuid::now_v7().simple());
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&server).await.expect("PostgreSQL answers");
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create).execute(&pool).await.expect("a database is made");
    pool.close().await;
    let (server, _) = server.rsplit_once('/').expect("a URL with a database");
    format!("{server}/{name}")
}
