//! One SQLite file: one connection that writes, a few that read.

use crate::{SqliteError, error::is_damaged, schema};
use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{Mutex, MutexGuard};

/// More readers than cores only wait for each other.
const READERS: u32 = 4;
/// How long a statement waits for another process's transaction on the same file.
const BUSY: Duration = Duration::from_secs(5);

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process. A power cut may take the last transactions back, rows and position together:
    /// they come again from the log (`synchronous=NORMAL`).
    Process,
    /// Nothing: for a file that is being rebuilt and is thrown away after a crash.
    None,
}

/// A service's file. Clones share it.
#[derive(Clone)]
pub struct Sqlite {
    path: Arc<Path>,
    writer: Arc<Mutex<SqliteConnection>>,
    readers: SqlitePool,
}

impl Sqlite {
    /// Opens or creates the file. One that is damaged is removed and begins empty: the log has it all.
    ///
    /// # Errors
    /// The folder is missing or cannot be written.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, SqliteError> {
        Self::open_with(path.as_ref(), Durability::Process).await
    }

    pub(crate) async fn open_with(path: &Path, durability: Durability) -> Result<Self, SqliteError> {
        match Self::connect(path, durability).await {
            Err(error) if is_damaged(&error.source) => {
                tracing::warn!(file = %path.display(), %error, "a read model's file is damaged; it is rebuilt from the log");
                remove(path).map_err(|error| failed(path, sqlx::Error::Io(error)))?;
                Self::connect(path, durability).await
            }
            opened => opened,
        }
    }

    async fn connect(path: &Path, durability: Durability) -> Result<Self, SqliteError> {
        let failed = |error| failed(path, error);
        let mut writer = options(path, durability).connect().await.map_err(failed)?;
        schema::ensure(&mut writer).await.map_err(failed)?;
        // Connected when first used. They stay open: opening one reads the schema again.
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(BUSY)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(options(path, durability).read_only(true));
        Ok(Self {
            path: path.into(),
            writer: Arc::new(Mutex::new(writer)),
            readers,
        })
    }

    /// For queries. They see committed rows only.
    pub fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// The connection that writes, once everybody before has finished. Only projections write.
    pub(crate) async fn writer(&self) -> MutexGuard<'_, SqliteConnection> {
        self.writer.lock().await
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn failed(&self, error: sqlx::Error) -> SqliteError {
        failed(&self.path, error)
    }

    /// A connection of its own that reads, for a long look at one state of the file.
    pub(crate) async fn look(&self) -> Result<SqliteConnection, sqlx::Error> {
        options(&self.path, Durability::Process)
            .read_only(true)
            .connect()
            .await
    }

    /// Closes the readers and folds the write-ahead file in, so that the file can be copied or removed.
    pub async fn close(&self) {
        self.readers.close().await;
        let mut writer = self.writer.lock().await;
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&mut *writer)
            .await
        {
            tracing::warn!(%error, "the write-ahead file was not folded in");
        }
        if let Err(error) = writer.ping().await {
            tracing::warn!(%error, "the writer did not answer");
        }
    }
}

fn failed(path: &Path, source: sqlx::Error) -> SqliteError {
    SqliteError {
        path: path.to_owned(),
        source,
    }
}

fn options(path: &Path, durability: Durability) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(match durability {
            Durability::Process => SqliteJournalMode::Wal,
            // Nobody reads it meanwhile, and each page is written once.
            Durability::None => SqliteJournalMode::Memory,
        })
        .synchronous(match durability {
            Durability::Process => SqliteSynchronous::Normal,
            Durability::None => SqliteSynchronous::Off,
        })
        .busy_timeout(BUSY)
        .foreign_keys(false)
        .statement_cache_capacity(256)
        .pragma("temp_store", "MEMORY")
        // Negative: KiB.
        .pragma("cache_size", "-16000")
        .disable_statement_logging()
}

/// Removes a file with what SQLite keeps beside it.
pub(crate) fn remove(path: &Path) -> std::io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(PathBuf::from(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
