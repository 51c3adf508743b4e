//! Questions about people.

use crate::domain::{Credential, Profile};
use interstate_eventing::{projection::ReadPosition, sealed::Sealed};
use interstate_http::{ConsistencyToken, Problem, catch_up};
use interstate_schemas::{Role, SessionId, Timestamp, UserId};
use interstate_stores::Readers;
use rusqlite::{Connection, OptionalExtension, Params, Row};
use serde::de::DeserializeOwned;

use std::str::FromStr;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store failed.
    #[error("the read model of people cannot be read: {0}")]
    Store(#[from] rusqlite::Error),
    /// A row does not hold what the projection writes.
    #[error("the read model of people holds `{0}`, which nobody writes there; rebuild it")]
    Damaged(String),
}

/// Where somebody stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Signing up.
    Registering,
    /// Signed up.
    Active {
        /// As what, the first one first.
        roles: Vec<Role>,
        /// Name and contacts.
        profile: Sealed<Profile>,
    },
    /// Could not sign up, for this reason.
    Refused(String),
    /// Forgotten.
    Erased,
}

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Where they stand.
    pub standing: Standing,
    /// When they began to sign up.
    pub since: Timestamp,
    /// The partition whose event the row shows.
    pub partition: u32,
    /// The event.
    pub sequence: u64,
}

/// What a login is checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Who.
    pub user: UserId,
    /// As what.
    pub roles: Vec<Role>,
    /// The password's hash.
    pub credential: Sealed<Credential>,
}

/// The read model of people.
#[derive(Clone)]
pub struct Users {
    rows: Readers,
    position: ReadPosition,
}

impl Users {
    /// The rows that the projection [`People`](super::People) writes, and how far it is.
    pub fn new(rows: Readers, position: ReadPosition) -> Self {
        Self { rows, position }
    }

    /// Waits until the rows show what the token has seen.
    ///
    /// # Errors
    /// They do not in time.
    pub async fn reaches(&self, token: &ConsistencyToken) -> Result<(), Problem> {
        catch_up(&self.position, Some(token), None).await
    }

    /// Somebody, by id.
    pub async fn person(&self, user: UserId) -> Result<Option<Person>, ReadError> {
        self.rows.read(move |rows| person(rows, user)).await
    }

    /// Who signs in with the e-mail address of this keyed hash.
    pub async fn login(&self, email_key: &str) -> Result<Option<Login>, ReadError> {
        let email_key = email_key.to_owned();
        self.rows.read(move |rows| login(rows, &email_key)).await
    }

    /// The hash of somebody's password, while they are signed up.
    pub async fn credential(&self, user: UserId) -> Result<Option<Sealed<Credential>>, ReadError> {
        let question = "select credential from users where id = ? and status = 'active'";
        let row: Option<String> = self.one(question, [user.to_string()], |row| row.get(0)).await?;
        row.map(|text| sealed(&text)).transpose()
    }

    /// The open sessions of somebody.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<SessionId>, ReadError> {
        let question = "select id from sessions where user = ? order by id";
        self.ids(question, [user.to_string()]).await
    }

    /// Everybody whose key must not exist any more.
    pub async fn to_forget(&self) -> Result<Vec<UserId>, ReadError> {
        let question = "select id from users where status in ('refused', 'erased') order by id";
        self.ids(question, []).await
    }

    async fn one<T: Send + 'static>(
        &self,
        question: &'static str,
        key: impl Params + Send + 'static,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<Option<T>, ReadError> {
        let found = self
            .rows
            .read(move |rows| rows.prepare_cached(question)?.query_row(key, read).optional());
        Ok(found.await?)
    }

    async fn ids<T: FromStr>(
        &self,
        question: &'static str,
        key: impl Params + Send + 'static,
    ) -> Result<Vec<T>, ReadError> {
        let found = self.rows.read(move |rows| {
            let mut select = rows.prepare_cached(question)?;
            let found = select.query_map(key, |row| row.get(0))?;
            found.collect::<rusqlite::Result<Vec<String>>>()
        });
        found.await?.iter().map(|id| parsed(id)).collect()
    }
}

/// Somebody, by id, as these rows have it.
pub fn person(rows: &Connection, user: UserId) -> Result<Option<Person>, ReadError> {
    type Found = (String, Option<String>, String, Option<String>, String, i64, i64);
    let mut select = rows.prepare_cached(
        "select status, refusal, roles, profile, since, at_partition, at_sequence from users where id = ?",
    )?;
    let row = select.query_row([user.to_string()], |row| Found::try_from(row));
    let Some((status, refusal, of_roles, profile, since, partition, sequence)) = row.optional()? else {
        return Ok(None);
    };
    let standing = match (status.as_str(), profile) {
        ("registering", _) => Standing::Registering,
        ("active", Some(profile)) => Standing::Active {
            roles: roles(&of_roles)?,
            profile: sealed(&profile)?,
        },
        ("refused", _) => Standing::Refused(refusal.unwrap_or_default()),
        ("erased", _) => Standing::Erased,
        _ => return Err(ReadError::Damaged(status)),
    };
    Ok(Some(Person {
        standing,
        since: parsed(&since)?,
        partition: u32::try_from(partition).map_err(|_| ReadError::Damaged(partition.to_string()))?,
        sequence: sequence.cast_unsigned(),
    }))
}

/// Who signs in with the e-mail address of this keyed hash, as these rows have it.
pub fn login(rows: &Connection, email_key: &str) -> Result<Option<Login>, ReadError> {
    let mut select = rows.prepare_cached(
        "select id, roles, credential from users where email_key = ? and status = 'active'",
    )?;
    let row = select.query_row([email_key], |row| <(String, String, String)>::try_from(row));
    let Some((user, of_roles, credential)) = row.optional()? else {
        return Ok(None);
    };
    Ok(Some(Login {
        user: parsed(&user)?,
        roles: roles(&of_roles)?,
        credential: sealed(&credential)?,
    }))
}

fn parsed<T: FromStr>(text: &str) -> Result<T, ReadError> {
    text.parse().map_err(|_| ReadError::Damaged(text.to_owned()))
}

fn roles(text: &str) -> Result<Vec<Role>, ReadError> {
    text.split(',')
        .filter(|role| !role.is_empty())
        .map(parsed)
        .collect()
}

fn sealed<T>(text: &str) -> Result<Sealed<T>, ReadError>
where
    Sealed<T>: DeserializeOwned,
{
    serde_json::from_str(text).map_err(|error| ReadError::Damaged(error.to_string()))
}
