//! Questions about people.

use crate::domain::{Credential, Profile};
use async_trait::async_trait;
use interstate_eventing::sealed::Sealed;
use interstate_schemas::{Role, SessionId, Timestamp, UserId};
use interstate_stores::{QueryError, StoredModel};
use serde::de::DeserializeOwned;
use std::{str::FromStr, sync::Arc};

/// The read model of people, as it is asked.
#[async_trait]
pub trait People: Send + Sync + 'static {
    /// Somebody, by id.
    async fn person(&self, user: UserId) -> Result<Option<Person>, ReadError>;

    /// Who signs in with the e-mail address of this keyed hash. A read model that is behind may still know somebody
    /// who had the address before: it is whoever began to sign up last.
    async fn login(&self, email_key: &str) -> Result<Option<Login>, ReadError>;

    /// The hash of somebody's password, while they are signed up.
    async fn credential(&self, user: UserId) -> Result<Option<Sealed<Credential>>, ReadError>;

    /// The open sessions of somebody, in the order of their ids.
    async fn sessions(&self, user: UserId) -> Result<Vec<SessionId>, ReadError>;

    /// Everybody whose key must not exist any more, in the order of their ids.
    async fn to_forget(&self) -> Result<Vec<UserId>, ReadError>;
}

/// The read model in an opened store.
#[derive(Clone)]
pub struct Opened {
    /// To keep up to date.
    pub model: Arc<dyn StoredModel>,
    /// To ask.
    pub people: Arc<dyn People>,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store failed.
    #[error("the read model of people cannot be read: {0}")]
    Store(#[from] QueryError),
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

/// Status, refusal, roles, profile, since, partition and sequence, as a store has them.
pub(super) type PersonColumns = (String, Option<String>, String, Option<String>, String, i64, i64);

impl TryFrom<PersonColumns> for Person {
    type Error = ReadError;

    fn try_from(
        (status, refusal, of_roles, profile, since, partition, sequence): PersonColumns,
    ) -> Result<Self, ReadError> {
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
        Ok(Person {
            standing,
            since: parsed(&since)?,
            partition: u32::try_from(partition).map_err(|_| ReadError::Damaged(partition.to_string()))?,
            sequence: sequence.cast_unsigned(),
        })
    }
}

/// Id, roles and credential, as a store has them.
pub(super) type LoginColumns = (String, String, String);

impl TryFrom<LoginColumns> for Login {
    type Error = ReadError;

    fn try_from((user, of_roles, credential): LoginColumns) -> Result<Self, ReadError> {
        Ok(Login {
            user: parsed(&user)?,
            roles: roles(&of_roles)?,
            credential: sealed(&credential)?,
        })
    }
}

pub(super) fn parsed<T: FromStr>(text: &str) -> Result<T, ReadError> {
    text.parse().map_err(|_| ReadError::Damaged(text.to_owned()))
}

pub(super) fn sealed<T>(text: &str) -> Result<Sealed<T>, ReadError>
where
    Sealed<T>: DeserializeOwned,
{
    serde_json::from_str(text).map_err(|error| ReadError::Damaged(error.to_string()))
}

/// `rider,driver`, the first one first.
fn roles(text: &str) -> Result<Vec<Role>, ReadError> {
    text.split(',')
        .filter(|role| !role.is_empty())
        .map(parsed)
        .collect()
}
