//! The projection `people`: a row a person, a row an open session. Nothing in it is readable without the person's
//! key, and what a person loses by being refused or erased is cleared at once.

use crate::domain::{Session, SessionEvent, User, UserEvent};
use async_trait::async_trait;
use interstate_eventing::{Aggregate, Event};
use interstate_stores::{Projection, ProjectionError};
use sqlx::SqliteConnection;

/// Writes the rows.
#[derive(Debug, Clone, Copy, Default)]
pub struct People;

/// `at_partition` and `at_sequence` name the last event in a row: where a reader must be to see it.
const SCHEMA: &[&str] = &[
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

#[async_trait]
impl Projection for People {
    const NAME: &'static str = "people";
    const VERSION: u32 = 1;
    const TABLES: &'static [&'static str] = &["users", "sessions"];
    const SCHEMA: &'static [&'static str] = SCHEMA;

    async fn apply(&self, rows: &mut SqliteConnection, event: &Event) -> Result<(), ProjectionError> {
        match &*event.aggregate {
            User::NAME => user(rows, event, event.decode()?).await,
            Session::NAME => session(rows, event, event.decode()?).await,
            _ => Ok(()),
        }
    }
}

async fn user(rows: &mut SqliteConnection, event: &Event, what: UserEvent) -> Result<(), ProjectionError> {
    let set = match what {
        UserEvent::RegistrationStarted(started) => {
            let registration = started.registration;
            let insert = sqlx::query(
                "insert into users (id, status, roles, email_key, profile, credential, since, at_partition, at_sequence) \
                 values (?, 'registering', ?, ?, ?, ?, ?, ?, ?)",
            );
            insert
                .bind(&event.subject)
                .bind(registration.role.as_str())
                .bind(registration.email_key)
                .bind(json(&registration.profile))
                .bind(json(&registration.credential))
                .bind(event.time.to_string())
                .bind(i64::from(event.partition))
                .bind(event.sequence.cast_signed())
                .execute(rows)
                .await?;
            return Ok(());
        }
        UserEvent::Registration(_) => return Ok(()),
        UserEvent::Registered(_) => {
            sqlx::query("update users set status = 'active', at_sequence = ? where id = ?")
        }
        UserEvent::RegistrationRefused(refused) => sqlx::query(
            "update users set status = 'refused', refusal = ?, roles = '', email_key = null, profile = null, \
             credential = null, at_sequence = ? where id = ?",
        )
        .bind(refused.code),
        UserEvent::RolesChanged(changed) => {
            let roles: Vec<&str> = changed.roles.iter().map(|role| role.as_str()).collect();
            sqlx::query("update users set roles = ?, at_sequence = ? where id = ?").bind(roles.join(","))
        }
        UserEvent::Erased(_) => sqlx::query(
            "update users set status = 'erased', roles = '', email_key = null, profile = null, credential = null, \
             at_sequence = ? where id = ?",
        ),
    };
    set.bind(event.sequence.cast_signed())
        .bind(&event.subject)
        .execute(rows)
        .await?;
    Ok(())
}

async fn session(
    rows: &mut SqliteConnection,
    event: &Event,
    what: SessionEvent,
) -> Result<(), ProjectionError> {
    match what {
        SessionEvent::Opened(opened) => {
            sqlx::query("insert into sessions (id, user, role, opened) values (?, ?, ?, ?)")
                .bind(&event.subject)
                .bind(opened.user.to_string())
                .bind(opened.role.as_str())
                .bind(event.time.to_string())
                .execute(rows)
                .await?;
        }
        SessionEvent::Closed(_) => {
            sqlx::query("delete from sessions where id = ?")
                .bind(&event.subject)
                .execute(rows)
                .await?;
        }
        SessionEvent::Reissued(_) | SessionEvent::Refreshed(_) => {}
    }
    Ok(())
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("a sealed value is three texts")
}
