//! The tables that every file has, and those of a projection, made anew when its version changes.

use super::Projection;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

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

pub(crate) fn ensure(writer: &mut Connection) -> rusqlite::Result<()> {
    let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for statement in OWN {
        tx.execute_batch(statement)?;
    }
    tx.commit()
}

/// Makes the projection's tables. Those of another version go, with their positions: they are read from the
/// log again.
pub(crate) fn ensure_projection<P: Projection>(
    writer: &mut Connection,
    indices: &[&str],
) -> rusqlite::Result<()> {
    let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = tx.query_row(
        "SELECT version FROM projections WHERE name = ?",
        [P::NAME],
        |row| row.get::<_, u32>(0),
    );
    let found = found.optional()?;
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
            tx.execute_batch(&format!("DROP TABLE IF EXISTS {}", quoted(table)))?;
        }
        for own in ["positions", "parked"] {
            tx.execute(&format!("DELETE FROM {own} WHERE projection = ?"), [P::NAME])?;
        }
        for statement in P::SCHEMA.iter().chain(indices) {
            tx.execute_batch(statement)?;
        }
        tx.execute(
            "INSERT OR REPLACE INTO projections (name, version) VALUES (?, ?)",
            params![P::NAME, P::VERSION],
        )?;
    }
    tx.commit()
}

/// A name as SQL.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
