//! People in a schema of PostgreSQL.

use super::{
    Login, Opened, People, Person, ReadError,
    fold::{self, PersonRow, SessionRow},
    people::{LoginColumns, PersonColumns, parsed, sealed},
};
use crate::domain::Credential;
use async_trait::async_trait;
use interstate_eventing::{Event, sealed::Sealed};
use interstate_schemas::{SessionId, UserId};
use interstate_stores::postgres::{OpenError, PgProjection, PgProjectionError, PgReadModel, Postgres};
use sqlx::{FromRow, PgConnection, PgPool, postgres::PgRow};
use std::{collections::BTreeMap, str::FromStr, sync::Arc};

/// Opens the read model on a server.
///
/// # Errors
/// The server cannot be used; the error says what to do.
pub async fn open(server: &Postgres) -> Result<Opened, OpenError> {
    let model = PgReadModel::open(server, PeopleProjection).await?;
    let people = PgPeople {
        rows: model.rows().clone(),
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

const LOAD: &str = r#"
    SELECT id, status, refusal, array_to_string(roles, ',') AS roles, email_key, profile::text AS profile,
        credential::text AS credential, to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS since,
        at_partition, at_sequence
    FROM users WHERE id = ANY($1)"#;
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
        let told = fold::decode(events)?;
        let mut people = BTreeMap::new();
        let ids = fold::people_of(&told);
        if !ids.is_empty() {
            for row in sqlx::query(LOAD).bind(ids).fetch_all(&mut *tx).await? {
                let row = PersonRow::from_row(&row)?;
                people.insert(row.id.clone(), row);
            }
        }
        let changed =
            fold::fold(told, people).map_err(|twice| PgProjectionError::event(twice.to_string()))?;
        store(tx, changed).await
    }
}

async fn store(tx: &mut PgConnection, changed: fold::Changed) -> Result<(), PgProjectionError> {
    if !changed.people.is_empty() {
        store_people(tx, &changed.people).await?;
    }
    if !changed.closed.is_empty() {
        sqlx::query("DELETE FROM sessions WHERE id = ANY($1)")
            .bind(changed.closed)
            .execute(&mut *tx)
            .await?;
    }
    if !changed.opened.is_empty() {
        store_sessions(tx, &changed.opened).await?;
    }
    Ok(())
}

async fn store_people(tx: &mut PgConnection, rows: &[PersonRow]) -> sqlx::Result<()> {
    fn column<T>(rows: &[PersonRow], of: impl Fn(&PersonRow) -> T) -> Vec<T> {
        rows.iter().map(of).collect()
    }
    sqlx::query(
        "INSERT INTO users (id, status, refusal, roles, email_key, profile, credential, since, at_partition, at_sequence)
         SELECT id, status, refusal, string_to_array(roles, ','), email_key, profile::json, credential::json,
             since::timestamptz, at_partition, at_sequence
         FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
             $9::bigint[], $10::bigint[])
             AS new (id, status, refusal, roles, email_key, profile, credential, since, at_partition, at_sequence)
         ON CONFLICT (id) DO UPDATE SET status = excluded.status, refusal = excluded.refusal,
             roles = excluded.roles, email_key = excluded.email_key, profile = excluded.profile,
             credential = excluded.credential, at_sequence = excluded.at_sequence",
    )
    .bind(column(rows, |row| row.id.clone()))
    .bind(column(rows, |row| row.status.clone()))
    .bind(column(rows, |row| row.refusal.clone()))
    .bind(column(rows, |row| row.roles.clone()))
    .bind(column(rows, |row| row.email_key.clone()))
    .bind(column(rows, |row| row.profile.clone()))
    .bind(column(rows, |row| row.credential.clone()))
    .bind(column(rows, |row| row.since.clone()))
    .bind(column(rows, |row| row.at_partition))
    .bind(column(rows, |row| row.at_sequence))
    .execute(tx)
    .await?;
    Ok(())
}

async fn store_sessions(tx: &mut PgConnection, rows: &[SessionRow]) -> sqlx::Result<()> {
    fn column(rows: &[SessionRow], of: impl Fn(&SessionRow) -> &str) -> Vec<String> {
        rows.iter().map(|row| of(row).to_owned()).collect()
    }
    sqlx::query(
        "INSERT INTO sessions (id, owner, role, opened)
         SELECT id, owner, role, opened::timestamptz
         FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[]) AS new (id, owner, role, opened)",
    )
    .bind(column(rows, |row| &row.id))
    .bind(column(rows, |row| &row.user))
    .bind(column(rows, |row| row.role.as_str()))
    .bind(column(rows, |row| &row.opened))
    .execute(tx)
    .await?;
    Ok(())
}

impl FromRow<'_, PgRow> for PersonRow {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        use sqlx::Row;
        Ok(Self {
            id: row.try_get("id")?,
            status: row.try_get("status")?,
            refusal: row.try_get("refusal")?,
            roles: row.try_get("roles")?,
            email_key: row.try_get("email_key")?,
            profile: row.try_get("profile")?,
            credential: row.try_get("credential")?,
            since: row.try_get("since")?,
            at_partition: row.try_get("at_partition")?,
            at_sequence: row.try_get("at_sequence")?,
        })
    }
}

struct PgPeople {
    rows: PgPool,
}

#[async_trait]
impl People for PgPeople {
    async fn person(&self, user: UserId) -> Result<Option<Person>, ReadError> {
        let found: Option<PersonColumns> = sqlx::query_as(PERSON)
            .bind(user.to_string())
            .fetch_optional(&self.rows)
            .await?;
        found.map(Person::try_from).transpose()
    }

    async fn login(&self, email_key: &str) -> Result<Option<Login>, ReadError> {
        let found: Option<LoginColumns> = sqlx::query_as(LOGIN)
            .bind(email_key)
            .fetch_optional(&self.rows)
            .await?;
        found.map(Login::try_from).transpose()
    }

    async fn credential(&self, user: UserId) -> Result<Option<Sealed<Credential>>, ReadError> {
        let found: Option<String> = sqlx::query_scalar(CREDENTIAL)
            .bind(user.to_string())
            .fetch_optional(&self.rows)
            .await?;
        found.map(|text| sealed(&text)).transpose()
    }

    async fn sessions(&self, user: UserId) -> Result<Vec<SessionId>, ReadError> {
        let found = sqlx::query_scalar(SESSIONS).bind(user.to_string());
        ids(found.fetch_all(&self.rows).await?)
    }

    async fn to_forget(&self) -> Result<Vec<UserId>, ReadError> {
        ids(sqlx::query_scalar(TO_FORGET).fetch_all(&self.rows).await?)
    }
}

fn ids<T: FromStr>(found: Vec<String>) -> Result<Vec<T>, ReadError> {
    found.iter().map(|id| parsed(id)).collect()
}

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        ReadError::Store(error.into())
    }
}
