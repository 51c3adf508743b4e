//! What is known about a person. It exists outside of memory only sealed under the person's key.

use interstate_auth::{Email, Phone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Name and contacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// As the person writes it.
    pub name: String,
    /// Where mails go; signs in.
    pub email: Email,
    /// Where drivers and riders call.
    pub phone: Phone,
}

/// What a password is checked against.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Credential {
    /// Argon2id with its costs and salt (PHC string).
    pub hash: String,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential(…)")
    }
}
