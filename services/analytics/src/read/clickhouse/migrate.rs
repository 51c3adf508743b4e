//! Brings a database to the schema of this release. Forward only; several processes may do it at once.

use super::{
    ClickHouse, ClickHouseError,
    schema::{LEDGER, MIGRATIONS, WINDOW},
};

/// Since this one, what materialized views make of a repeated block is dropped too, by the block's own token.
const LEAST: &str = "24.8";
const LEAST_VERSION: (u32, u32) = (24, 8);

/// Looks at the server: that it is one, and not too old.
pub(super) async fn look(db: &ClickHouse) -> Result<(), ClickHouseError> {
    let question = db.server.query("SELECT version()");
    let asked = db.within("say its version", question.fetch_one::<String>()).await;
    let found = asked.map_err(|error| match error {
        ClickHouseError::Failed { at, why, .. } => ClickHouseError::NotClickHouse { at, why },
        other => other,
    })?;
    let mut numbers = found.split('.').map(|part| part.parse().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version < LEAST_VERSION {
        return Err(ClickHouseError::Version {
            at: db.at.to_string(),
            found,
            least: LEAST,
        });
    }
    Ok(())
}

/// Makes what is missing.
pub(super) async fn migrate(db: &ClickHouse) -> Result<(), ClickHouseError> {
    look(db).await?;
    let exists = db
        .server
        .query("SELECT count() FROM system.databases WHERE name = ?")
        .bind(&*db.database);
    // A user who may not make databases is given one.
    if db.within("list its databases", exists.fetch_one::<u64>()).await? == 0 {
        let make = format!("CREATE DATABASE IF NOT EXISTS `{}`", db.database);
        db.within("make the database", db.server.query(&make).execute())
            .await?;
    }
    db.execute(
        "make the table of migrations",
        "CREATE TABLE IF NOT EXISTS migrations (version UInt32, name String, made_at DateTime64(3, 'UTC') DEFAULT now64(3))
         ENGINE = ReplacingMergeTree ORDER BY version",
    )
    .await?;
    let found = newest(db).await?;
    for statement in LEDGER {
        run(db, "make the ledger of blocks", statement).await?;
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > found) {
        let what = format!("make migration {} ({})", migration.version, migration.name);
        for statement in migration.statements {
            run(db, &what, statement).await?;
        }
        // Last: a migration that was cut short is made again.
        let done = format!(
            "INSERT INTO migrations (version, name) VALUES ({}, '{}')",
            migration.version, migration.name
        );
        db.execute(&what, &done).await?;
        tracing::info!(version = migration.version, name = migration.name, database = %db.database, "migrated");
    }
    Ok(())
}

/// Whether the database, where there is one, has a schema that this release knows. Changes nothing.
pub(super) async fn is_known(db: &ClickHouse) -> Result<(), ClickHouseError> {
    let there = db
        .server
        .query("SELECT count() FROM system.tables WHERE database = ? AND name = 'migrations'")
        .bind(&*db.database);
    if db.within("list its tables", there.fetch_one::<u64>()).await? > 0 {
        newest(db).await?;
    }
    Ok(())
}

/// The newest migration that was made: one that this release knows.
async fn newest(db: &ClickHouse) -> Result<u32, ClickHouseError> {
    let newest = db.client.query("SELECT max(version) FROM migrations");
    let found = db.within("say its schema", newest.fetch_one::<u32>()).await?;
    let known = MIGRATIONS.last().map_or(0, |last| last.version);
    if found <= known {
        return Ok(found);
    }
    Err(ClickHouseError::SchemaAhead {
        database: db.database.to_string(),
        found,
        known,
    })
}

async fn run(db: &ClickHouse, what: &str, statement: &str) -> Result<(), ClickHouseError> {
    let statement = statement.replace("{window}", &WINDOW.to_string());
    db.execute(what, &statement).await
}
