//! A PostgreSQL server: where it is, and pools of connections to one schema.

use super::{error::OpenError, migrations};
use interstate_telemetry::Gate;
use sqlx::{
    Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
    raw_sql,
};
use std::{str::FromStr, sync::Arc, time::Duration};

/// Connections of one read model for its runners, and for queries.
const WRITERS: u32 = 4;
const READERS: u32 = 8;
/// A connection is there within this time, or the answer is that it is not.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// What a statement may take, wait for a lock, and leave a transaction open between two statements.
const LIMITS: [(&str, &str); 6] = [
    ("statement_timeout", "10s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "30s"),
    // The server notices a client that is gone without a word, and lets go of its locks.
    ("tcp_keepalives_idle", "5"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];
/// The oldest server whose SQL is spoken here.
const OLDEST: i32 = 130_000;

/// A server's database, and the service whose read models go there. Clones are cheap.
#[derive(Debug, Clone)]
pub struct Postgres {
    options: Arc<PgConnectOptions>,
    at: Arc<str>,
    service: &'static str,
    gate: Gate,
}

impl Postgres {
    /// Looks whether the server can be used.
    ///
    /// # Errors
    /// The address cannot be read, nobody is there, the server refuses the user, or it is too old.
    pub async fn open(url: &str, service: &'static str) -> Result<Self, OpenError> {
        let options = PgConnectOptions::from_str(url).map_err(|_| {
            // The driver's message may repeat a part of the address, and so of the password.
            OpenError::new(
                "DB_CONNECTION",
                "the address cannot be read",
                "write it as postgres://user:password@host:5432/database?sslmode=require",
            )
        })?;
        let at = format!(
            "{}:{}/{}",
            options.get_host(),
            options.get_port(),
            options.get_database().unwrap_or(options.get_username())
        );
        let options = options.application_name(&format!("interstate-{service}"));
        let server = Self {
            options: Arc::new(options),
            at: at.into(),
            service,
            gate: Gate::default(),
        };
        let mut db = server.connect().await?;
        let failed = |error: sqlx::Error| OpenError::of(&server.at, &error);
        let version: i32 = sqlx::query_scalar("SELECT current_setting('server_version_num')::int")
            .fetch_one(&mut db)
            .await
            .map_err(failed)?;
        if version < OLDEST {
            return Err(OpenError::new(
                &server.at,
                format!("the server is PostgreSQL {}", version / 10_000),
                format!("PostgreSQL {} or newer is needed", OLDEST / 10_000),
            ));
        }
        db.close().await.map_err(failed)?;
        Ok(server)
    }

    /// `host:port/database`.
    pub fn at(&self) -> &str {
        &self.at
    }

    /// What is thought of it by those who ask.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The schema of a version of a read model.
    pub(super) fn schema(&self, projection: &str, version: u32) -> String {
        format!("{}_{}_v{version}", self.service, projection.replace('-', "_"))
    }

    /// Makes the tables of a schema.
    pub(super) async fn migrate(&self, schema: &str, steps: &[&str]) -> Result<(), OpenError> {
        let mut db = self.connect().await?;
        let migrated = migrations::migrate(&self.at, &mut db, schema, steps).await;
        let _ = db.close().await;
        migrated
    }

    /// Removes schemas of versions before the last one: the build before may still run beside this one.
    pub(super) async fn tidy(&self, projection: &str, version: u32) -> Result<(), OpenError> {
        if version <= 2 {
            return Ok(());
        }
        let mut db = self.connect().await?;
        for old in (1..version - 1).rev().take(10) {
            let text = format!(
                "DROP SCHEMA IF EXISTS \"{}\" CASCADE",
                self.schema(projection, old)
            );
            let dropped = raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut db).await;
            dropped.map_err(|error| OpenError::of(&self.at, &error))?;
        }
        let _ = db.close().await;
        Ok(())
    }

    pub(super) async fn connect(&self) -> Result<PgConnection, OpenError> {
        let options = (*self.options).clone().options(LIMITS);
        match tokio::time::timeout(CONNECT_WITHIN, PgConnection::connect_with(&options)).await {
            Ok(Ok(db)) => Ok(db),
            Ok(Err(error)) => Err(OpenError::of(&self.at, &error)),
            Err(_) => Err(OpenError::of(&self.at, &sqlx::Error::PoolTimedOut)),
        }
    }

    /// Connections that see this schema's tables: for runners, and for queries. They are made when they are needed.
    pub(super) fn pools(&self, schema: &str) -> (PgPool, PgPool) {
        let path = format!("\"{schema}\",public");
        let options = (*self.options)
            .clone()
            .options(LIMITS)
            .options([("search_path", path.as_str())]);
        let pool = |most, options| {
            PgPoolOptions::new()
                .max_connections(most)
                .acquire_timeout(CONNECT_WITHIN)
                .idle_timeout(Duration::from_secs(300))
                .max_lifetime(Duration::from_secs(1800))
                // A connection whose work was given up is asked whether it lives before it comes back, and the driver
                // would wait for that for ever.
                .after_release(|db, _| {
                    Box::pin(async move {
                        let lives = tokio::time::timeout(CONNECT_WITHIN, db.ping()).await;
                        lives.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|()| true)
                    })
                })
                .connect_lazy_with(options)
        };
        let readers = options.clone().options([("default_transaction_read_only", "on")]);
        (pool(WRITERS, options), pool(READERS, readers))
    }
}
