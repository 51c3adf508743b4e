//! E-mail addresses and telephone numbers, written one way, and keys that reveal neither.

use crate::{KeyFileError, load_or_create, refresh::hex};
use hmac::{Hmac, Mac};
use rand::RngCore;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use sha2::Sha256;
use std::{borrow::Cow, fmt, path::Path, str::FromStr};

/// Why a contact cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContactError {
    /// Not an e-mail address.
    #[error("not an e-mail address such as asha@example.com")]
    Email,
    /// Not an Indian mobile number.
    #[error("not an Indian mobile number such as +919876543210")]
    Phone,
}

/// An e-mail address in lower case. Providers treat the part before the `@` without regard to case, whatever RFC 5321
/// allows; two accounts that differ in case only would be one person's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Email(String);

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = ContactError;

    /// Takes what real addresses look like, not all that the RFCs allow: whether one exists, only a mail shows.
    fn from_str(text: &str) -> Result<Self, ContactError> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(ContactError::Email)?;
        let local_ok = (1..=64).contains(&local.len())
            && local
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte))
            && local.split('.').all(|part| !part.is_empty());
        let labels: Vec<&str> = domain.split('.').collect();
        let domain_ok = labels.len() >= 2
            && labels.iter().all(|label| {
                (1..=63).contains(&label.len())
                    && label
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                    && !label.starts_with('-')
                    && !label.ends_with('-')
            })
            && labels
                .last()
                .is_some_and(|top| top.len() >= 2 && !top.bytes().all(|byte| byte.is_ascii_digit()));
        if local_ok && domain_ok && text.len() <= 254 {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(ContactError::Email)
        }
    }
}

/// An Indian mobile number as E.164: `+91` and ten digits, the first from 6 to 9.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Phone(String);

impl Phone {
    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Phone {
    type Err = ContactError;

    /// Takes it with or without country code, trunk zero, blanks and dashes.
    fn from_str(text: &str) -> Result<Self, ContactError> {
        let written: String = text
            .trim()
            .chars()
            .filter(|c| !matches!(c, ' ' | '-' | '(' | ')'))
            .collect();
        let national = match written.strip_prefix("+91") {
            Some(rest) => rest,
            None if written.len() == 11 => written.strip_prefix('0').ok_or(ContactError::Phone)?,
            None if written.len() == 12 => written.strip_prefix("91").ok_or(ContactError::Phone)?,
            None => &written,
        };
        let mobile = national.len() == 10
            && national.bytes().all(|byte| byte.is_ascii_digit())
            && national.starts_with(['6', '7', '8', '9']);
        if mobile {
            Ok(Self(format!("+91{national}")))
        } else {
            Err(ContactError::Phone)
        }
    }
}

macro_rules! contact {
    ($name:ident, $format:literal, $description:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": $format, "description": $description })
            }
        }
    };
}
contact!(Email, "email", "An e-mail address; case does not matter.");
contact!(
    Phone,
    "phone",
    "An Indian mobile number, for example +919876543210."
);

/// Turns values that must be unique into keys: the same value always gives the same key, and without the secret
/// nobody can try values against a key. Ten digits alone could be tried in seconds against a plain hash.
#[derive(Clone)]
pub struct UniqueValues(Hmac<Sha256>);

impl UniqueValues {
    /// With the secret in the folder of keys, made there once. It must never change: keys made of it are in the log.
    pub fn in_folder(folder: &Path, random: &mut impl RngCore) -> Result<Self, KeyFileError> {
        Ok(Self::new(&load_or_create(
            &folder.join("unique-values.hmac"),
            random,
        )?))
    }

    /// With this secret.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("an HMAC key may have any length"))
    }

    /// The key of `value` among values of this `kind` (`email`, `phone`, `plate`): 64 hexadecimal digits.
    pub fn key(&self, kind: &str, value: &str) -> String {
        let mac = self
            .0
            .clone()
            .chain_update(kind)
            .chain_update([0])
            .chain_update(value);
        hex(&mac.finalize().into_bytes())
    }
}

impl fmt::Debug for UniqueValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UniqueValues(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_however_it_is_written() {
        let numbers = [
            "+919876543210",
            "9876543210",
            "09876543210",
            "91 98765 43210",
            "+91-98765-43210",
            "919876543210",
        ];
        for text in numbers {
            assert_eq!(text.parse::<Phone>().unwrap().as_str(), "+919876543210", "{text}");
        }
        for wrong in [
            "",
            "12345",
            "5876543210",
            "+14155550123",
            "98765432101",
            "+91987654321",
            "９８７６５４３２１０",
        ] {
            assert_eq!(wrong.parse::<Phone>(), Err(ContactError::Phone), "{wrong}");
        }
    }

    #[test]
    fn one_address_however_it_is_written() {
        assert_eq!(
            " Asha.Rao+cab@Example.CO.in ".parse::<Email>().unwrap().as_str(),
            "asha.rao+cab@example.co.in"
        );
        for wrong in [
            "",
            "asha",
            "@x.in",
            "a@b",
            "a b@x.in",
            "a@x..in",
            "a..b@x.in",
            "a@-x.in",
            "a@10.0.0.1",
            "a@x.in\r\n b",
        ] {
            assert_eq!(wrong.parse::<Email>(), Err(ContactError::Email), "{wrong}");
        }
        let error = serde_json::from_str::<Email>("\"nobody\"").unwrap_err();
        assert!(error.to_string().contains("not an e-mail address"), "{error}");
    }

    #[test]
    fn keys_are_stable_and_of_their_kind() {
        let unique = UniqueValues::new(&[7; 32]);
        let key = unique.key("email", "asha@example.com");
        assert_eq!(key, UniqueValues::new(&[7; 32]).key("email", "asha@example.com"));
        assert_ne!(key, unique.key("phone", "asha@example.com"));
        assert_ne!(key, UniqueValues::new(&[8; 32]).key("email", "asha@example.com"));
        assert_ne!(unique.key("a", "bc"), unique.key("ab", "c"));
    }
}
