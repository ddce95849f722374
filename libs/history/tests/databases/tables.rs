//! Which tables there are: those of this version, and what another one made beside them.

use history::{History, HistorySettings};

use crate::support::new_postgres;
use crate::support::records::{attempt, attempts};

#[tokio::test]
async fn after_a_rollback_a_database_that_a_later_version_was_at_serves_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", folder.path().join("history.db").display());
    for url in [file, new_postgres().await] {
        let settings = HistorySettings { url: url.clone(), ..HistorySettings::default() };
        History::open(&settings).await.unwrap().close().await;
        let pool = sqlx::AnyPool::connect(&url).await.unwrap();
        let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            SELECT 9999, 'of a later version', success, checksum, 0 FROM _sqlx_migrations WHERE version = 0";
        assert_eq!(sqlx::query(later).execute(&pool).await.unwrap().rows_affected(), 1);
        pool.close().await;
        let history = History::open(&settings).await.unwrap();
        history.write(&attempts(0, [attempt("d1", 1, 5, 200)])).await.unwrap();
        assert_eq!(history.attempts(&"d1".into()).await.unwrap().len(), 1);
        history.close().await;
    }
}
