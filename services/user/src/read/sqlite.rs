//! People in a file of SQLite.

use super::{
    Login, Opened, People, Person, ReadError,
    fold::{Changed, PersonChange, PersonRow},
    people::{parsed, sealed},
};
use crate::domain::Credential;
use async_trait::async_trait;
use interstate_eventing::{Event, sealed::Sealed};
use interstate_schemas::{SessionId, UserId};
use interstate_stores::{Projection, ProjectionError, Readers, Sqlite, SqliteError, SqliteReadModel};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use std::{str::FromStr, sync::Arc};

/// Opens the read model in a file.
///
/// # Errors
/// The file cannot be written.
pub async fn open(db: &Sqlite) -> Result<Opened, SqliteError> {
    Ok(Opened {
        model: Arc::new(SqliteReadModel::open(db, PeopleProjection).await?),
        people: Arc::new(SqlitePeople {
            rows: db.readers().clone(),
        }),
    })
}

/// The projection `people`: a row a person, a row an open session.
#[derive(Debug, Clone, Copy, Default)]
pub struct PeopleProjection;

impl Projection for PeopleProjection {
    const NAME: &'static str = "people";
    const VERSION: u32 = 1;
    const TABLES: &'static [&'static str] = &["users", "sessions"];
    const SCHEMA: &'static [&'static str] = &[
        "CREATE TABLE users (
            id TEXT PRIMARY KEY,
            status TEXT NOT NULL,
            refusal TEXT,
            roles TEXT NOT NULL,
            email_key TEXT,
            profile TEXT,
            credential TEXT,
            since TEXT NOT NULL,
            at_partition INTEGER NOT NULL,
            at_sequence INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID",
        "CREATE INDEX users_by_email ON users (email_key) WHERE email_key IS NOT NULL",
        "CREATE INDEX users_to_forget ON users (status) WHERE status IN ('refused', 'erased')",
        "CREATE TABLE sessions (
            id TEXT PRIMARY KEY,
            user TEXT NOT NULL,
            role TEXT NOT NULL,
            opened TEXT NOT NULL
        ) STRICT, WITHOUT ROWID",
        "CREATE INDEX sessions_by_user ON sessions (user)",
    ];

    fn apply(&self, tx: &Connection, event: &Event) -> Result<(), ProjectionError> {
        self.apply_all(tx, &[event])
    }

    fn apply_all(&self, tx: &Connection, events: &[&Event]) -> Result<(), ProjectionError> {
        let changed = Changed::by(events)?;
        for row in changed.started.values() {
            insert_person(tx, row)?;
        }
        for (id, change) in &changed.moved {
            move_person(tx, id, change)?;
        }
        for (id, session) in &changed.sessions {
            match session {
                Some(row) => tx
                    .prepare_cached("insert into sessions (id, user, role, opened) values (?, ?, ?, ?)")?
                    .execute(params![row.id, row.user, row.role.as_str(), row.opened])?,
                None => tx
                    .prepare_cached("delete from sessions where id = ?")?
                    .execute([id])?,
            };
        }
        Ok(())
    }
}

fn insert_person(tx: &Connection, row: &PersonRow) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "insert into users (id, status, refusal, roles, email_key, profile, credential, since, at_partition,
         at_sequence) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        row.id,
        row.status,
        row.refusal,
        row.roles,
        row.email_key,
        row.profile,
        row.credential,
        row.since,
        row.at_partition,
        row.at_sequence
    ])?;
    Ok(())
}

fn move_person(tx: &Connection, id: &str, change: &PersonChange) -> rusqlite::Result<()> {
    let standing = change.standing.as_ref();
    tx.prepare_cached(
        "update users set status = coalesce(?2, status), refusal = iif(?2 is null, refusal, ?3),
         roles = coalesce(?4, roles), email_key = iif(?5, null, email_key), profile = iif(?5, null, profile),
         credential = iif(?5, null, credential), at_sequence = ?6 where id = ?1",
    )?
    .execute(params![
        id,
        standing.map(|standing| standing.status),
        standing.and_then(|standing| standing.refusal.as_deref()),
        change.roles,
        change.is_forgotten,
        change.at_sequence
    ])?;
    Ok(())
}

struct SqlitePeople {
    rows: Readers,
}

#[async_trait]
impl People for SqlitePeople {
    async fn person(&self, user: UserId) -> Result<Option<Person>, ReadError> {
        self.rows.read(move |rows| person(rows, user)).await
    }

    async fn login(&self, email_key: &str) -> Result<Option<Login>, ReadError> {
        let email_key = email_key.to_owned();
        self.rows.read(move |rows| login(rows, &email_key)).await
    }

    async fn credential(&self, user: UserId) -> Result<Option<Sealed<Credential>>, ReadError> {
        let question = "select credential from users where id = ? and status = 'active'";
        let found = self
            .rows
            .read(move |rows| one(rows, question, [user.to_string()], |row| row.get::<_, String>(0)));
        found.await?.map(|text| sealed(&text)).transpose()
    }

    async fn sessions(&self, user: UserId) -> Result<Vec<SessionId>, ReadError> {
        let question = "select id from sessions where user = ? order by id";
        self.ids(question, [user.to_string()]).await
    }

    async fn to_forget(&self) -> Result<Vec<UserId>, ReadError> {
        let question = "select id from users where status in ('refused', 'erased') order by id";
        self.ids(question, []).await
    }
}

impl SqlitePeople {
    async fn ids<T: FromStr>(
        &self,
        question: &'static str,
        key: impl Params + Send + 'static,
    ) -> Result<Vec<T>, ReadError> {
        let found = self.rows.read(move |rows| {
            let mut select = rows.prepare_cached(question)?;
            let found = select.query_map(key, |row| row.get(0))?;
            Ok::<_, ReadError>(found.collect::<rusqlite::Result<Vec<String>>>()?)
        });
        found.await?.iter().map(|id| parsed(id)).collect()
    }
}

/// Somebody, by id, as these rows have it.
pub fn person(rows: &Connection, user: UserId) -> Result<Option<Person>, ReadError> {
    let question =
        "select status, refusal, roles, profile, since, at_partition, at_sequence from users where id = ?";
    let found = one(rows, question, [user.to_string()], |row| row.try_into())?;
    found
        .map(|columns: super::people::PersonColumns| columns.try_into())
        .transpose()
}

/// Who signs in with the e-mail address of this keyed hash, as these rows have it.
pub fn login(rows: &Connection, email_key: &str) -> Result<Option<Login>, ReadError> {
    let question = "select id, roles, credential from users where email_key = ? and status = 'active'
                    order by since desc limit 1";
    let found = one(rows, question, [email_key], |row| row.try_into())?;
    found
        .map(|columns: super::people::LoginColumns| columns.try_into())
        .transpose()
}

fn one<T>(
    rows: &Connection,
    question: &str,
    key: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, ReadError> {
    Ok(rows.prepare_cached(question)?.query_row(key, read).optional()?)
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        ReadError::Store(error.into())
    }
}
