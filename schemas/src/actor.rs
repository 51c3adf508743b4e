//! Who acts: a signed-in person in a role, a service, or the platform itself.

use crate::UserId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt, str::FromStr};

/// What a person signed in as. What a role may call stands in the edge's policy table; what it may do to
/// whose records is decided by the aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Books rides.
    Rider,
    /// Drives them.
    Driver,
    /// Helps both, approves drivers, closes cases.
    Support,
    /// Watches and steers the platform.
    Admin,
}

impl Role {
    /// All roles, in the order of the variants.
    pub const ALL: [Role; 4] = [Role::Rider, Role::Driver, Role::Support, Role::Admin];

    /// The role's word in tokens, events and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Rider => "rider",
            Role::Driver => "driver",
            Role::Support => "support",
            Role::Admin => "admin",
        }
    }

    /// Whether this is someone of the operator's staff.
    pub const fn is_staff(self) -> bool {
        matches!(self, Role::Support | Role::Admin)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = ParseActorError;

    fn from_str(text: &str) -> Result<Self, ParseActorError> {
        Role::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| ParseActorError::new(text))
    }
}

/// Whoever caused a command or an event. Its text form (`rider:usr_01JD…`, `service:booking`, `system`) is
/// what the extension `ce_actor` carries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// A signed-in person.
    User {
        /// Who.
        id: UserId,
        /// In which role.
        role: Role,
    },
    /// Another service, by its name in lower case: a step of a saga, a reactor.
    Service(String),
    /// The platform: a deadline that fell due, a seed of the first data.
    System,
}

impl Actor {
    /// The user, where the actor is one.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Actor::User { id, .. } => Some(*id),
            Actor::Service(_) | Actor::System => None,
        }
    }

    /// The role, where the actor is a user.
    pub const fn role(&self) -> Option<Role> {
        match self {
            Actor::User { role, .. } => Some(*role),
            Actor::Service(_) | Actor::System => None,
        }
    }

    /// Whether the actor is the user `id`, in whatever role.
    pub fn is_user(&self, id: UserId) -> bool {
        self.user() == Some(id)
    }

    /// Whether the actor is a person of the operator's staff.
    pub fn is_staff(&self) -> bool {
        self.role().is_some_and(Role::is_staff)
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::User { id, role } => write!(f, "{role}:{id}"),
            Actor::Service(name) => write!(f, "service:{name}"),
            Actor::System => f.write_str("system"),
        }
    }
}

/// Text that names no actor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an actor: expected `<role>:usr_…`, `service:<name>` or `system`")]
pub struct ParseActorError {
    /// The text that was given, cut at 64 characters.
    pub text: String,
}

impl ParseActorError {
    fn new(text: &str) -> Self {
        Self {
            text: text.chars().take(64).collect(),
        }
    }
}

impl FromStr for Actor {
    type Err = ParseActorError;

    fn from_str(text: &str) -> Result<Self, ParseActorError> {
        let wrong = || ParseActorError::new(text);
        match text.split_once(':') {
            None if text == "system" => Ok(Actor::System),
            Some(("service", name)) if is_service_name(name) => Ok(Actor::Service(name.to_owned())),
            Some((role, id)) => Ok(Actor::User {
                id: id.parse().map_err(|_| wrong())?,
                role: role.parse().map_err(|_| wrong())?,
            }),
            None => Err(wrong()),
        }
    }
}

fn is_service_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= 40
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

impl Serialize for Actor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Actor {
    fn schema_name() -> Cow<'static, str> {
        "Actor".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "Who acted: a user in a role, a service, or the platform itself.",
            "pattern": "^(system|service:[a-z][a-z0-9-]{0,39}|(rider|driver|support|admin):usr_[0-9A-HJKMNP-TV-Z]{26})$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_actor_reads_back() {
        let id = UserId::derive(1, &[b"asha"]);
        let people = Role::ALL.map(|role| Actor::User { id, role });
        for actor in people
            .into_iter()
            .chain([Actor::Service("booking".into()), Actor::System])
        {
            assert_eq!(actor.to_string().parse(), Ok(actor.clone()));
            let json = serde_json::to_string(&actor).unwrap();
            assert_eq!(serde_json::from_str::<Actor>(&json).unwrap(), actor, "{json}");
        }
        assert_eq!(
            Actor::User {
                id,
                role: Role::Rider
            }
            .to_string(),
            format!("rider:{id}")
        );
    }

    #[test]
    fn what_is_no_actor_is_refused() {
        let id = UserId::derive(1, &[b"asha"]);
        let booking = crate::BookingId::derive(1, &[b"asha"]);
        for text in [
            "".to_owned(),
            "root".to_owned(),
            "system:".to_owned(),
            "service:".to_owned(),
            "service:Booking".to_owned(),
            format!("owner:{id}"),
            format!("rider:{booking}"),
            format!("Rider:{id}"),
        ] {
            assert!(text.parse::<Actor>().is_err(), "{text}");
        }
    }
}
