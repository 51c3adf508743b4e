//! The projection `people`: a row a person, a row an open session. Nothing in it is readable without the person's
//! key, and what a person loses by being refused or erased is cleared at once.

use crate::domain::{Session, SessionEvent, User, UserEvent};
use interstate_eventing::{Aggregate, Event};
use interstate_stores::{Projection, ProjectionError};
use rusqlite::{Connection, ToSql, params};

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

impl Projection for People {
    const NAME: &'static str = "people";
    const VERSION: u32 = 1;
    const TABLES: &'static [&'static str] = &["users", "sessions"];
    const SCHEMA: &'static [&'static str] = SCHEMA;

    fn apply(&self, rows: &Connection, event: &Event) -> Result<(), ProjectionError> {
        match &*event.aggregate {
            User::NAME => user(rows, event, event.decode()?),
            Session::NAME => session(rows, event, event.decode()?),
            _ => Ok(()),
        }
    }
}

fn user(rows: &Connection, event: &Event, what: UserEvent) -> Result<(), ProjectionError> {
    let (at, id) = (event.sequence.cast_signed(), &event.subject);
    let set = |sql, values: &[&dyn ToSql]| rows.prepare_cached(sql)?.execute(values);
    match what {
        UserEvent::RegistrationStarted(started) => {
            let registration = started.registration;
            rows.prepare_cached(
                "insert into users (id, status, roles, email_key, profile, credential, since, at_partition, at_sequence) \
                 values (?, 'registering', ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                id,
                registration.role.as_str(),
                registration.email_key,
                json(&registration.profile),
                json(&registration.credential),
                event.time.to_string(),
                event.partition,
                at,
            ])?;
        }
        UserEvent::Registration(_) => {}
        UserEvent::Registered(_) => {
            set(
                "update users set status = 'active', at_sequence = ? where id = ?",
                &[&at, id],
            )?;
        }
        UserEvent::RegistrationRefused(refused) => {
            set(
                "update users set status = 'refused', refusal = ?, roles = '', email_key = null, profile = null, \
                 credential = null, at_sequence = ? where id = ?",
                &[&refused.code, &at, id],
            )?;
        }
        UserEvent::RolesChanged(changed) => {
            let roles: Vec<&str> = changed.roles.iter().map(|role| role.as_str()).collect();
            set(
                "update users set roles = ?, at_sequence = ? where id = ?",
                &[&roles.join(","), &at, id],
            )?;
        }
        UserEvent::Erased(_) => {
            set(
                "update users set status = 'erased', roles = '', email_key = null, profile = null, \
                 credential = null, at_sequence = ? where id = ?",
                &[&at, id],
            )?;
        }
    }
    Ok(())
}

fn session(rows: &Connection, event: &Event, what: SessionEvent) -> Result<(), ProjectionError> {
    match what {
        SessionEvent::Opened(opened) => {
            rows.prepare_cached("insert into sessions (id, user, role, opened) values (?, ?, ?, ?)")?
                .execute(params![
                    event.subject,
                    opened.user.to_string(),
                    opened.role.as_str(),
                    event.time.to_string()
                ])?;
        }
        SessionEvent::Closed(_) => {
            rows.prepare_cached("delete from sessions where id = ?")?
                .execute([&event.subject])?;
        }
        SessionEvent::Reissued(_) | SessionEvent::Refreshed(_) => {}
    }
    Ok(())
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("a sealed value is three texts")
}
