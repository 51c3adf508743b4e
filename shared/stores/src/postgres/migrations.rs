//! The tables of a schema, step by step: forward only, under a lock, each step once and unchanged.

use super::error::OpenError;
use sha2::{Digest, Sha256};
use sqlx::{Connection, PgConnection, raw_sql};

/// The tables that every read model has.
const OWN: &str = "
    CREATE TABLE positions (
        service TEXT NOT NULL, \"partition\" BIGINT NOT NULL,
        next BIGINT NOT NULL, sequence BIGINT NOT NULL, receipt BIGINT NOT NULL, incarnation BIGINT NOT NULL,
        PRIMARY KEY (service, \"partition\"));
    CREATE TABLE parked (
        service TEXT NOT NULL, \"partition\" BIGINT NOT NULL, sequence BIGINT NOT NULL,
        subject TEXT NOT NULL, event_type TEXT NOT NULL, event BYTEA NOT NULL, reason TEXT NOT NULL,
        time TEXT NOT NULL,
        PRIMARY KEY (service, \"partition\", sequence));
    CREATE INDEX parked_subject ON parked (service, \"partition\", subject);";

/// Any number, the same for all instances: migrations of one database go one after the other.
const LOCK: i64 = 0x696e_7465_7273_7461;

/// Brings a schema to where this build wants it.
pub(super) async fn migrate(
    at: &str,
    db: &mut PgConnection,
    schema: &str,
    steps: &[&str],
) -> Result<(), OpenError> {
    let failed = |error: sqlx::Error| OpenError::of(at, &error);
    let mut tx = db.begin().await.map_err(failed)?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    let text = format!(
        "CREATE SCHEMA IF NOT EXISTS \"{schema}\";
         SET LOCAL search_path TO \"{schema}\", public;
         CREATE TABLE IF NOT EXISTS \"{schema}\".migrations (
             step INTEGER PRIMARY KEY, hash TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL DEFAULT now())"
    );
    raw_sql(sqlx::AssertSqlSafe(text))
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    let applied: Vec<(i32, String)> = sqlx::query_as("SELECT step, hash FROM migrations ORDER BY step")
        .fetch_all(&mut *tx)
        .await
        .map_err(failed)?;
    check(at, schema, steps, &applied)?;
    for (number, text) in all(steps).into_iter().enumerate().skip(applied.len()) {
        raw_sql(sqlx::AssertSqlSafe(text))
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        sqlx::query("INSERT INTO migrations (step, hash) VALUES ($1, $2)")
            .bind(i32::try_from(number).unwrap_or(i32::MAX))
            .bind(hash(text))
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
    }
    tx.commit().await.map_err(failed)
}

/// Whether the steps that stand in a schema, with their hashes, are the first ones that this build has.
pub(super) fn check(
    at: &str,
    schema: &str,
    steps: &[&str],
    applied: &[(i32, String)],
) -> Result<(), OpenError> {
    let all = all(steps);
    if applied.len() > all.len() {
        return Err(OpenError::new(
            at,
            format!(
                "the schema {schema} is ahead of this build: it has {} steps, this build knows {}",
                applied.len(),
                all.len()
            ),
            "start the newer build, or drop the schema to have this build fill it from the log again",
        ));
    }
    let mut pairs = all.into_iter().zip(applied);
    match pairs.position(|(text, (_, known))| *known != hash(text)) {
        None => Ok(()),
        Some(number) => Err(OpenError::new(
            at,
            format!("step {number} of the schema {schema} is not the one that this build has"),
            "start the build that made it, or drop the schema to have this build fill it from the log again",
        )),
    }
}

fn all<'s>(steps: &[&'s str]) -> Vec<&'s str> {
    std::iter::once(OWN).chain(steps.iter().copied()).collect()
}

fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_that_is_ahead_or_another_builds_is_told_from_one_that_is_behind() {
        let steps = ["CREATE TABLE a ()", "CREATE TABLE b ()"];
        let applied = |texts: &[&str]| -> Vec<(i32, String)> {
            (0..).zip(texts.iter().map(|text| hash(text))).collect()
        };
        for behind in [&[][..], &[OWN], &[OWN, steps[0]], &[OWN, steps[0], steps[1]]] {
            assert_eq!(check("db", "s", &steps, &applied(behind)), Ok(()));
        }
        let ahead = applied(&[OWN, steps[0], steps[1], "a later one"]);
        let ahead = check("db", "s", &steps, &ahead).unwrap_err().to_string();
        assert!(ahead.contains("it has 4 steps, this build knows 3"), "{ahead}");
        let other = check("db", "s", &steps, &applied(&[OWN, "another"]));
        let other = other.unwrap_err().to_string();
        assert!(other.contains("step 1 of the schema s"), "{other}");
    }
}
