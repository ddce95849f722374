//! The door to the database.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{Any, AnyConnection, AnyPool, Transaction};
use url::Url;
use uuid::Uuid;

use crate::retention::Keep;

/// Which database, and how.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HistorySettings {
    /// `sqlite:PATH`, a file that is made where there is none, or `postgres://USER:PASSWORD@HOST/DATABASE`. It may hold a
    /// password, and is not shown.
    pub url: String,
    /// Connections at most.
    pub connections: u32,
    /// How long attempts, deliveries and dead letters are kept.
    #[serde(deserialize_with = "duration")]
    pub retention: Duration,
    /// How many attempts are kept, at most: the oldest go first.
    pub max_attempts: u64,
    /// How long is kept who did what in the console.
    #[serde(deserialize_with = "duration")]
    pub audit_retention: Duration,
}

impl Default for HistorySettings {
    fn default() -> Self {
        Self {
            url: "sqlite:postbode-history.db".to_owned(),
            connections: 8,
            retention: Duration::from_secs(30 * 24 * 3600),
            max_attempts: 5_000_000,
            audit_retention: Duration::from_secs(365 * 24 * 3600),
        }
    }
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    domain::duration::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The setting names no database that we know.
    #[error("must be sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")]
    NotAUrl,
    /// The database is away, or full.
    #[error("the history's database: {0}")]
    Database(#[from] sqlx::Error),
    /// Its tables could not be brought up to date.
    #[error("the history's tables: {0}")]
    Tables(#[from] sqlx::migrate::MigrateError),
    /// A record in it cannot be read.
    #[error("a record of the history cannot be read: {0}")]
    Unreadable(String),
    /// There is one of its kind for the webhook already, which has not ended: its id.
    #[error("job {0} has not ended yet")]
    Busy(String),
}

impl HistorySettings {
    /// Whether the URL names a database that we know.
    ///
    /// # Errors
    /// When it does not.
    pub fn check(&self) -> Result<(), Error> {
        Kind::of(&self.url).map(drop)
    }

    /// How much is kept.
    pub fn keep(&self) -> Keep {
        Keep { retention: self.retention, max_attempts: self.max_attempts, audit: self.audit_retention }
    }
}

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct History {
    pool: AnyPool,
    kind: Kind,
    /// Where the file is, if it is one.
    folder: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    fn of(url: &str) -> Result<Self, Error> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Ok(Self::Sqlite),
            Some("postgres" | "postgresql") if Url::parse(url).is_ok_and(|url| url.has_host()) => {
                Ok(Self::Postgres)
            }
            _ => Err(Error::NotAUrl),
        }
    }
}

/// How long a statement waits for whoever writes to a file.
const SQLITE_PATIENCE: &str = "PRAGMA busy_timeout = 10000";
/// Readers do not wait for the writer. What was committed survives a crash of the machine: Kafka is told that it was read.
const SQLITE_PRAGMAS: [&str; 4] =
    [SQLITE_PATIENCE, "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA temp_store = MEMORY"];
/// How long to wait for a connection.
const ACQUIRE: Duration = Duration::from_secs(5);

impl History {
    /// Opens the database: see [`History::new`] and [`History::prepare`].
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn open(settings: &HistorySettings) -> Result<Self, Error> {
        let history = Self::new(settings)?;
        history.prepare().await?;
        Ok(history)
    }

    /// A database that may be away for now: whatever is asked of it fails until it was prepared.
    ///
    /// # Errors
    /// When the setting names none that we know.
    pub fn new(settings: &HistorySettings) -> Result<Self, Error> {
        install_default_drivers();
        let kind = Kind::of(&settings.url)?;
        let options =
            AnyPoolOptions::new().max_connections(settings.connections.max(1)).acquire_timeout(ACQUIRE);
        let options = match kind {
            Kind::Sqlite => options.after_connect(|connection, _| Box::pin(prepare_sqlite(connection))),
            Kind::Postgres => options,
        };
        let (location, folder) = location(kind, &settings.url);
        Ok(Self { pool: options.connect_lazy(&location)?, kind, folder })
    }

    /// Makes the file where there is none, and brings the tables up to date. May be said again.
    ///
    /// # Errors
    /// When the database cannot be reached, or its tables are not those that this program made.
    pub async fn prepare(&self) -> Result<(), Error> {
        if let Some(folder) = &self.folder {
            std::fs::create_dir_all(folder).map_err(sqlx::Error::Io)?;
        }
        let mut tables = sqlx::migrate!();
        // After a rollback there is more than this program knows. What comes later only adds: see ARCHITECTURE.md.
        tables.set_ignore_missing(true);
        tables.run(&self.pool).await?;
        self.name_it().await
    }

    /// The database's name, which it got when it was made: whoever reads topics into it reads them under this name, so
    /// that a new database begins at their beginning.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn identity(&self) -> Result<String, Error> {
        let name: (String,) =
            sqlx::query_as("SELECT id FROM database_identity").fetch_one(&self.pool).await?;
        Ok(name.0)
    }

    /// Whether several consoles may share it.
    pub fn is_shared(&self) -> bool {
        self.kind == Kind::Postgres
    }

    /// Asks it something, to see that it is there.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn ping(&self) -> Result<(), Error> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Closes all connections, after what they are doing.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// For what only reads.
    pub(crate) fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// For what writes. A file is locked at once: a transaction that read first and then wants to write would be refused
    /// instead of waiting its turn.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Any>, Error> {
        Ok(match self.kind {
            Kind::Sqlite => self.pool.begin_with("BEGIN IMMEDIATE").await?,
            Kind::Postgres => self.pool.begin().await?,
        })
    }

    /// Two consoles that begin at once agree on one name.
    async fn name_it(&self) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        if self.kind == Kind::Postgres {
            sqlx::query("LOCK TABLE database_identity IN EXCLUSIVE MODE").execute(&mut *transaction).await?;
        }
        sqlx::query(
            "INSERT INTO database_identity (id) SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM database_identity)",
        )
        .bind(Uuid::now_v7().simple().to_string())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }
}

async fn prepare_sqlite(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    for pragma in SQLITE_PRAGMAS {
        sqlx::query(pragma).execute(&mut *connection).await?;
    }
    Ok(())
}

/// The URL as the driver wants it, and the folder of a file.
fn location(kind: Kind, url: &str) -> (String, Option<PathBuf>) {
    if kind == Kind::Postgres {
        return (url.to_owned(), None);
    }
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let path = path.split('?').next().unwrap_or_default();
    let folder = Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty());
    (format!("sqlite:{path}?mode=rwc"), folder.map(Path::to_owned))
}
