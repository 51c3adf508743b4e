//! One SQLite file: one connection that writes, on a thread of its own, and a few that read.

use super::{SqliteError, error::is_damaged, readers::Readers, schema, writer::Writer};
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How long a statement waits for another process's transaction on the same file.
const BUSY: Duration = Duration::from_secs(5);
/// More than all projections of a file have.
const STATEMENTS: usize = 256;

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process. A power cut may take the last transactions back, rows and position together:
    /// they come again from the log (`synchronous=NORMAL`).
    Process,
    /// Nothing: for a file that is being rebuilt and is thrown away after a crash.
    None,
}

impl Durability {
    /// Cache sizes are negative: KiB.
    fn pragmas(self) -> &'static str {
        match self {
            Durability::Process => {
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16000;
                 PRAGMA wal_autocheckpoint = 4000; PRAGMA temp_store = MEMORY"
            }
            // Nobody reads it meanwhile, and rows come in the order of no key: as many pages as a small machine
            // has room for stay in memory.
            Durability::None => {
                "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -256000;
                 PRAGMA temp_store = MEMORY"
            }
        }
    }
}

/// A service's file. Clones share it.
#[derive(Clone)]
pub struct Sqlite {
    path: Arc<Path>,
    writer: Writer,
    readers: Readers,
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
        if mark_of_damage(path).exists() {
            tracing::warn!(file = %path.display(), "a read model's file was found damaged; it is rebuilt from the log");
            remove(path).map_err(|error| SqliteError::io(path, &error))?;
        }
        match Self::connect(path, durability).await {
            Err(error) if is_damaged(&error.source) => {
                tracing::warn!(file = %path.display(), %error, "a read model's file is damaged; it is rebuilt from the log");
                remove(path).map_err(|error| SqliteError::io(path, &error))?;
                Self::connect(path, durability).await
            }
            opened => opened,
        }
    }

    async fn connect(path: &Path, durability: Durability) -> Result<Self, SqliteError> {
        let writer = connection(path, OpenFlags::default(), durability.pragmas())
            .map_err(|source| SqliteError::new(path, source))?;
        let sqlite = Self {
            path: path.into(),
            writer: Writer::start(writer).map_err(|error| SqliteError::io(path, &error))?,
            readers: Readers::of(path),
        };
        let made = sqlite.writer.run(schema::ensure).await;
        made.map_err(|source| SqliteError::new(path, source))?;
        Ok(sqlite)
    }

    /// Where a statement has failed because the file is damaged, the next one who opens it begins it anew.
    pub(crate) fn note(&self, error: &rusqlite::Error) {
        if !is_damaged(error) {
            return;
        }
        let file = self.path.display();
        match std::fs::File::create_new(mark_of_damage(&self.path)) {
            Ok(_) => {
                tracing::error!(%file, %error, "a read model's file is damaged: start again, and it is rebuilt from the log");
            }
            Err(known) if known.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => tracing::error!(%file, %error, "a read model's file is damaged: remove it"),
        }
    }

    /// For queries. They see committed rows only.
    pub fn readers(&self) -> &Readers {
        &self.readers
    }

    /// The thread that writes. Only projections write.
    pub(crate) fn writer(&self) -> &Writer {
        &self.writer
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Closes the readers and folds the write-ahead file in, so that the file can be copied or removed.
    pub async fn close(&self) {
        self.readers.close();
        let folded = |db: &mut Connection| db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = self.writer.run(folded).await {
            tracing::warn!(%error, "the write-ahead file was not folded in");
        }
    }
}

/// A connection that reads a file which is there.
pub(crate) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    connection(
        path,
        flags,
        "PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY",
    )
}

fn connection(path: &Path, flags: OpenFlags, pragmas: &str) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY)?;
    keep_plans(&db)?;
    db.execute_batch(pragmas)?;
    Ok(db)
}

/// One that belongs to nobody else, and is gone with its last user.
pub(crate) fn in_memory() -> rusqlite::Result<Connection> {
    let db = Connection::open_in_memory()?;
    keep_plans(&db)?;
    Ok(db)
}

/// A statement is planned once.
fn keep_plans(db: &Connection) -> rusqlite::Result<()> {
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // Otherwise a statement may be planned anew for each value that is bound to it, which costs more than running it.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Stands beside a file whose rows cannot be read any more.
const DAMAGED: &str = "-damaged";

fn mark_of_damage(path: &Path) -> PathBuf {
    beside(path, DAMAGED)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Removes a file with what stands beside it; the mark of its damage last.
pub(crate) fn remove(path: &Path) -> std::io::Result<()> {
    for suffix in ["", "-wal", "-shm", DAMAGED] {
        match std::fs::remove_file(beside(path, suffix)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::StatementStatus;

    #[test]
    fn a_statement_is_planned_once_whatever_is_bound_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let db = connection(&folder.path().join("rows.db"), OpenFlags::default(), "").unwrap();
        db.execute_batch(
            "CREATE TABLE searches (dispatch TEXT PRIMARY KEY, trip TEXT) STRICT, WITHOUT ROWID;
             CREATE TABLE offers (offer TEXT PRIMARY KEY, dispatch TEXT, driver TEXT, state TEXT) STRICT, WITHOUT ROWID;
             CREATE INDEX offers_of_driver ON offers (driver, state);
             CREATE INDEX offers_of_dispatch ON offers (dispatch)",
        )
        .unwrap();
        let sql = "SELECT * FROM offers JOIN searches USING (dispatch)
                   WHERE driver = ? AND state IN ('open', 'accepted') LIMIT 100";
        for driver in ["one", "another", "a third"] {
            let mut select = db.prepare_cached(sql).unwrap();
            let offers = select.query_map([driver], |_| Ok(())).unwrap();
            assert_eq!(offers.count(), 0);
        }
        let select = db.prepare_cached(sql).unwrap();
        assert_eq!(select.get_status(StatementStatus::RePrepare), 0);
    }
}
