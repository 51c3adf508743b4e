//! What goes over the wire.

use interstate_auth::{Email, Phone};
use interstate_schemas::{Role, SessionId, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A request to sign up.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// What drivers and riders call the person, 1 to 100 characters.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// Signs in, and gets receipts.
    pub email: Email,
    /// Where the driver or the rider calls.
    pub phone: Phone,
    /// 8 to 128 characters.
    #[schemars(length(min = 8, max = 128))]
    pub password: String,
    /// `rider` or `driver`; the others are granted by an administrator.
    pub role: Role,
}

/// A request to sign in.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// As at registration; case does not matter.
    pub email: Email,
    /// The password.
    pub password: String,
    /// As what; without it the first role that the person has.
    #[serde(default)]
    pub role: Option<Role>,
}

/// A request to renew a login.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The refresh token of the last answer. It is good for once.
    pub refresh_token: String,
}

macro_rules! silent {
    ($($name:ident),*) => { $(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )* };
}
silent!(SignUp, SignIn, Refresh, Tokens);

/// What a person is signed in with. The fields are those of RFC 6749 section 5.1.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct Tokens {
    /// Goes with every request: `Authorization: Bearer …`.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: String,
    /// Seconds until the access token ends.
    pub expires_in: i64,
    /// Exchange it for new tokens before then. It is good for once.
    pub refresh_token: String,
    /// The login.
    pub session: SessionId,
    /// Who is signed in.
    pub user: UserId,
    /// As what.
    pub role: Role,
}

/// Oneself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Me {
    /// The account.
    pub id: UserId,
    /// The person's name.
    pub name: String,
    /// Signs in.
    pub email: Email,
    /// Where the driver or the rider calls.
    pub phone: Phone,
    /// As what the person may sign in; the first one is what a login takes.
    pub roles: Vec<Role>,
    /// Since when there is the account.
    pub since: Timestamp,
}

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserRef {
    /// The account.
    pub id: UserId,
}

/// A request to change somebody's roles.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRoles {
    /// All roles that the person is to have, the one of a plain login first.
    #[schemars(length(min = 1, max = 4))]
    pub roles: Vec<Role>,
}
