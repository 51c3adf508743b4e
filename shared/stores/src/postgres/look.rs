//! Whether read models could be opened on a server. Nothing is made or changed there.

use super::{
    OpenError, PgProjection, PgReadModel, Postgres,
    error::{INSTALL_PACKAGE, MAY_MAKE_SCHEMAS},
    migrations,
};
use sqlx::{Connection, PgConnection};

/// The server's clock, in milliseconds of Unix time.
const CLOCK: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
/// Whether an extension is in this database, and whether the user may put it there.
const EXTENSION: &str = "
    SELECT installed_version IS NOT NULL,
        EXISTS (SELECT FROM pg_roles WHERE rolname = current_user AND rolsuper)
            OR EXISTS (SELECT FROM pg_available_extension_versions AS of_version
                       WHERE of_version.name = known.name AND of_version.version = known.default_version
                           AND (of_version.trusted OR NOT of_version.superuser))
    FROM pg_available_extensions AS known WHERE known.name = $1";

impl<P: PgProjection> PgReadModel<P> {
    /// Whether it could be opened: the user may make what is missing, the extensions are to be had, and the schema is
    /// not ahead of this build.
    ///
    /// # Errors
    /// What [`PgReadModel::open`] would fail with.
    pub async fn look(server: &Postgres) -> Result<(), OpenError> {
        let mut db = server.connect().await?;
        let looked = async {
            may_make_schemas(server.at(), &mut db).await?;
            for extension in P::EXTENSIONS {
                has_extension(server.at(), &mut db, extension).await?;
            }
            let schema = server.schema(P::NAME, P::VERSION);
            is_known(server.at(), &mut db, &schema, P::MIGRATIONS).await
        };
        let looked = looked.await;
        let _ = db.close().await;
        looked
    }
}

impl Postgres {
    /// The server's clock, in milliseconds of Unix time.
    ///
    /// # Errors
    /// The server cannot be used any more.
    pub async fn clock(&self) -> Result<i64, OpenError> {
        let mut db = self.connect().await?;
        let told = sqlx::query_scalar(CLOCK).fetch_one(&mut db).await;
        let _ = db.close().await;
        told.map_err(|error| OpenError::of(self.at(), &error))
    }
}

async fn may_make_schemas(at: &str, db: &mut PgConnection) -> Result<(), OpenError> {
    let may = sqlx::query_scalar("SELECT has_database_privilege(current_database(), 'CREATE')");
    match may.fetch_one(db).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(OpenError::new(
            at,
            "the user may not make schemas in this database",
            MAY_MAKE_SCHEMAS,
        )),
        Err(error) => Err(OpenError::of(at, &error)),
    }
}

async fn has_extension(at: &str, db: &mut PgConnection, extension: &str) -> Result<(), OpenError> {
    let found = sqlx::query_as(EXTENSION).bind(extension).fetch_optional(db);
    let found: Option<(bool, bool)> = found.await.map_err(|error| OpenError::of(at, &error))?;
    match found {
        Some((is_there, may_be_made)) if is_there || may_be_made => Ok(()),
        Some(_) => Err(OpenError::new(
            at,
            format!("the extension {extension} is not in this database, and the user may not put it there"),
            format!("have an administrator run there: CREATE EXTENSION {extension} WITH SCHEMA public"),
        )),
        None => Err(OpenError::new(
            at,
            format!("the server does not have the extension {extension}"),
            INSTALL_PACKAGE,
        )),
    }
}

async fn is_known(at: &str, db: &mut PgConnection, schema: &str, steps: &[&str]) -> Result<(), OpenError> {
    let failed = |error: sqlx::Error| OpenError::of(at, &error);
    let there = "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = 'migrations')";
    let there = sqlx::query_scalar(there).bind(schema).fetch_one(&mut *db);
    let there: bool = there.await.map_err(failed)?;
    if !there {
        return Ok(());
    }
    let applied = format!("SELECT step, hash FROM \"{schema}\".migrations ORDER BY step");
    let applied = sqlx::query_as(sqlx::AssertSqlSafe(applied)).fetch_all(db);
    let applied: Vec<(i32, String)> = applied.await.map_err(failed)?;
    migrations::check(at, schema, steps, &applied)
}
