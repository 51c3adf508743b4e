//! People in a schema of PostgreSQL.

use super::{
    Login, Opened, People, Person, ReadError,
    fold::{Changed, PersonChange, PersonRow, SessionRow},
    people::{LoginColumns, PersonColumns, parsed, sealed},
};
use crate::domain::Credential;
use async_trait::async_trait;
use interstate_eventing::{Event, sealed::Sealed};
use interstate_schemas::{SessionId, UserId};
use interstate_stores::postgres::{
    OpenError, PgProjection, PgProjectionError, PgReadModel, PgReaders, Postgres, column,
};
use sqlx::PgConnection;
use std::{str::FromStr, sync::Arc};

/// Whether the read model could be opened on a server. Makes nothing there.
///
/// # Errors
/// As [`open`].
pub async fn look(server: &Postgres) -> Result<(), OpenError> {
    PgReadModel::<PeopleProjection>::look(server).await
}

/// Opens the read model on a server.
///
/// # Errors
/// The server cannot be used; the error says what to do.
pub async fn open(server: &Postgres) -> Result<Opened, OpenError> {
    let model = PgReadModel::open(server, PeopleProjection).await?;
    let people = PgPeople {
        readers: model.readers(),
    };
    Ok(Opened {
        model: Arc::new(model),
        people: Arc::new(people),
    })
}

/// The projection `people`: a row a person, a row an open session.
///
/// That an e-mail address has one owner is no constraint here: partitions are followed apart, so that the next owner's
/// registration may come before the erasure of the one before.
#[derive(Debug, Clone, Copy, Default)]
pub struct PeopleProjection;

const TABLES: &str = r#"
    CREATE TABLE users (
        id TEXT COLLATE "C" PRIMARY KEY,
        status TEXT NOT NULL CHECK (status IN ('registering', 'active', 'refused', 'erased')),
        refusal TEXT,
        roles TEXT[] NOT NULL,
        email_key TEXT COLLATE "C",
        profile JSON,
        credential JSON,
        since TIMESTAMPTZ NOT NULL,
        at_partition BIGINT NOT NULL,
        at_sequence BIGINT NOT NULL,
        CONSTRAINT refused_for_a_reason CHECK ((status = 'refused') = (refusal IS NOT NULL)),
        CONSTRAINT known_or_forgotten_altogether CHECK (
            num_nonnulls(email_key, profile, credential)
                = CASE WHEN status IN ('registering', 'active') THEN 3 ELSE 0 END)
    );
    CREATE INDEX users_by_email ON users (email_key, since DESC) WHERE status = 'active';
    CREATE INDEX users_to_forget ON users (id) WHERE status IN ('refused', 'erased');
    CREATE TABLE sessions (
        id TEXT COLLATE "C" PRIMARY KEY,
        owner TEXT COLLATE "C" NOT NULL,
        role TEXT NOT NULL,
        opened TIMESTAMPTZ NOT NULL
    );
    CREATE INDEX sessions_by_owner ON sessions (owner, id);"#;

const PERSON: &str = r#"
    SELECT status, refusal, array_to_string(roles, ','), profile::text,
        to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), at_partition, at_sequence
    FROM users WHERE id = $1"#;
const LOGIN: &str = "
    SELECT id, array_to_string(roles, ','), credential::text FROM users
    WHERE email_key = $1 AND status = 'active' ORDER BY since DESC LIMIT 1";
const CREDENTIAL: &str = "SELECT credential::text FROM users WHERE id = $1 AND status = 'active'";
const SESSIONS: &str = "SELECT id FROM sessions WHERE owner = $1 ORDER BY id";
const TO_FORGET: &str = "SELECT id FROM users WHERE status IN ('refused', 'erased') ORDER BY id";

/// What is asked while somebody waits, for a look at the plans: each has one parameter, a text, or none.
pub const QUESTIONS: [&str; 5] = [PERSON, LOGIN, CREDENTIAL, SESSIONS, TO_FORGET];

#[async_trait]
impl PgProjection for PeopleProjection {
    const NAME: &'static str = "people";
    const VERSION: u32 = 1;
    const TABLES: &'static [&'static str] = &["users", "sessions"];
    const MIGRATIONS: &'static [&'static str] = &[TABLES];

    async fn apply(&self, tx: &mut PgConnection, events: &[&Event]) -> Result<(), PgProjectionError> {
        let Changed {
            started,
            moved,
            sessions,
        } = Changed::by(events)?;
        insert_people(tx, started.into_values().collect()).await?;
        move_people(tx, moved.into_iter().collect()).await?;
        let (mut opened, mut closed) = (Vec::new(), Vec::new());
        for (id, session) in sessions {
            match session {
                Some(row) => opened.push(row),
                None => closed.push(id),
            }
        }
        close_sessions(tx, closed).await?;
        open_sessions(tx, opened).await?;
        Ok(())
    }
}

async fn insert_people(tx: &mut PgConnection, rows: Vec<PersonRow>) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO users (id, status, refusal, roles, email_key, profile, credential, since, at_partition, at_sequence)
         SELECT id, status, refusal, string_to_array(roles, ','), email_key, profile::json, credential::json,
             since::timestamptz, at_partition, at_sequence
         FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
             $9::bigint[], $10::bigint[])
             AS new (id, status, refusal, roles, email_key, profile, credential, since, at_partition, at_sequence)",
    )
    .bind(column(&rows, |row| row.id.as_str()))
    .bind(column(&rows, |row| row.status.as_str()))
    .bind(column(&rows, |row| row.refusal.as_deref()))
    .bind(column(&rows, |row| row.roles.as_str()))
    .bind(column(&rows, |row| row.email_key.as_deref()))
    .bind(column(&rows, |row| row.profile.as_deref()))
    .bind(column(&rows, |row| row.credential.as_deref()))
    .bind(column(&rows, |row| row.since.as_str()))
    .bind(column(&rows, |row| row.at_partition))
    .bind(column(&rows, |row| row.at_sequence))
    .execute(tx)
    .await?;
    Ok(())
}

async fn move_people(tx: &mut PgConnection, rows: Vec<(String, PersonChange)>) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let standing = |change: &PersonChange| change.standing.as_ref().map(|standing| standing.status);
    let refusal = |change: &PersonChange| change.standing.as_ref()?.refusal.clone();
    sqlx::query(
        "UPDATE users SET status = coalesce(new.status, users.status),
             refusal = CASE WHEN new.status IS NULL THEN users.refusal ELSE new.refusal END,
             roles = coalesce(string_to_array(new.roles, ','), users.roles),
             email_key = CASE WHEN NOT forgotten THEN email_key END,
             profile = CASE WHEN NOT forgotten THEN profile END,
             credential = CASE WHEN NOT forgotten THEN credential END,
             at_sequence = new.at_sequence
         FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::bigint[])
             AS new (id, status, refusal, roles, forgotten, at_sequence)
         WHERE users.id = new.id",
    )
    .bind(column(&rows, |(id, _)| id.as_str()))
    .bind(column(&rows, |(_, change)| standing(change)))
    .bind(column(&rows, |(_, change)| refusal(change)))
    .bind(column(&rows, |(_, change)| change.roles.as_deref()))
    .bind(column(&rows, |(_, change)| change.is_forgotten))
    .bind(column(&rows, |(_, change)| change.at_sequence))
    .execute(tx)
    .await?;
    Ok(())
}

async fn close_sessions(tx: &mut PgConnection, ids: Vec<String>) -> sqlx::Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query("DELETE FROM sessions WHERE id = ANY($1)")
        .bind(ids)
        .execute(tx)
        .await?;
    Ok(())
}

async fn open_sessions(tx: &mut PgConnection, rows: Vec<SessionRow>) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO sessions (id, owner, role, opened)
         SELECT id, owner, role, opened::timestamptz
         FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[]) AS new (id, owner, role, opened)",
    )
    .bind(column(&rows, |row| row.id.as_str()))
    .bind(column(&rows, |row| row.user.as_str()))
    .bind(column(&rows, |row| row.role.as_str()))
    .bind(column(&rows, |row| row.opened.as_str()))
    .execute(tx)
    .await?;
    Ok(())
}

struct PgPeople {
    readers: PgReaders,
}

#[async_trait]
impl People for PgPeople {
    async fn person(&self, user: UserId) -> Result<Option<Person>, ReadError> {
        let question = sqlx::query_as(PERSON).bind(user.to_string());
        let found = question.fetch_optional(self.readers.rows());
        let found: Option<PersonColumns> = self.readers.ask(found).await?;
        found.map(Person::try_from).transpose()
    }

    async fn login(&self, email_key: &str) -> Result<Option<Login>, ReadError> {
        let question = sqlx::query_as(LOGIN).bind(email_key);
        let found = question.fetch_optional(self.readers.rows());
        let found: Option<LoginColumns> = self.readers.ask(found).await?;
        found.map(Login::try_from).transpose()
    }

    async fn credential(&self, user: UserId) -> Result<Option<Sealed<Credential>>, ReadError> {
        let question = sqlx::query_scalar(CREDENTIAL).bind(user.to_string());
        let found = question.fetch_optional(self.readers.rows());
        let found: Option<String> = self.readers.ask(found).await?;
        found.map(|text| sealed(&text)).transpose()
    }

    async fn sessions(&self, user: UserId) -> Result<Vec<SessionId>, ReadError> {
        let found = sqlx::query_scalar(SESSIONS).bind(user.to_string());
        ids(self.readers.ask(found.fetch_all(self.readers.rows())).await?)
    }

    async fn to_forget(&self) -> Result<Vec<UserId>, ReadError> {
        let found = sqlx::query_scalar(TO_FORGET).fetch_all(self.readers.rows());
        ids(self.readers.ask(found).await?)
    }
}

fn ids<T: FromStr>(found: Vec<String>) -> Result<Vec<T>, ReadError> {
    found.iter().map(|id| parsed(id)).collect()
}
