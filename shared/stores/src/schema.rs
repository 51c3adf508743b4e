//! The tables that every file has, and those of a projection, made anew when its version changes.

use crate::Projection;
use sqlx::{Connection, Executor, SqliteConnection};

const OWN: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS projections (
        name TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL) WITHOUT ROWID",
    // Offsets and counts are below 2^63 for as long as any log lives.
    "CREATE TABLE IF NOT EXISTS positions (
        projection TEXT NOT NULL, service TEXT NOT NULL, \"partition\" INTEGER NOT NULL,
        next INTEGER NOT NULL, sequence INTEGER NOT NULL, receipt INTEGER NOT NULL,
        incarnation INTEGER NOT NULL,
        PRIMARY KEY (projection, service, \"partition\")) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS parked (
        projection TEXT NOT NULL, service TEXT NOT NULL, \"partition\" INTEGER NOT NULL,
        sequence INTEGER NOT NULL, subject TEXT NOT NULL, event_type TEXT NOT NULL,
        event BLOB NOT NULL, reason TEXT NOT NULL, time TEXT NOT NULL,
        PRIMARY KEY (projection, service, \"partition\", sequence)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS parked_subject
        ON parked (projection, service, \"partition\", subject)",
];

pub(crate) async fn ensure(writer: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mut tx = writer.begin().await?;
    for statement in OWN {
        tx.execute(*statement).await?;
    }
    tx.commit().await
}

/// Makes the projection's tables. Those of another version go, with their positions: they are read from the
/// log again.
pub(crate) async fn ensure_projection<P: Projection>(
    writer: &mut SqliteConnection,
) -> Result<(), sqlx::Error> {
    let mut tx = writer.begin().await?;
    let found: Option<u32> = sqlx::query_scalar("SELECT version FROM projections WHERE name = ?")
        .bind(P::NAME)
        .fetch_optional(&mut *tx)
        .await?;
    if found != Some(P::VERSION) {
        if let Some(found) = found {
            tracing::info!(
                projection = P::NAME,
                found,
                version = P::VERSION,
                "rebuilding a read model of another version"
            );
        }
        for table in P::TABLES {
            tx.execute(format!("DROP TABLE IF EXISTS {}", quoted(table)).as_str())
                .await?;
        }
        for own in ["positions", "parked"] {
            sqlx::query(&format!("DELETE FROM {own} WHERE projection = ?"))
                .bind(P::NAME)
                .execute(&mut *tx)
                .await?;
        }
        for statement in P::SCHEMA {
            tx.execute(*statement).await?;
        }
        sqlx::query("INSERT OR REPLACE INTO projections (name, version) VALUES (?, ?)")
            .bind(P::NAME)
            .bind(P::VERSION)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await
}

/// A name as SQL.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
