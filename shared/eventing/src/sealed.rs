//! Personal data under the person's own key, from the first event on.
//!
//! An event, a command, a state or a reply holds a [`Sealed`] value; the key that opens it lives outside the log,
//! in a [`KeyRing`]. Destroying the key erases the person everywhere: in every topic, copy and backup of the log, at once
//! in this process, and within seconds in those that have the key open. Nothing that is decided depends on what is inside, so a replay after erasing equals the live state.

mod rings;

pub use interstate_schemas::Sealed;
pub use rings::{FileKeyRing, MemoryKeyRing};

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::{fmt, path::PathBuf};

/// Bytes of an XChaCha20 nonce.
const NONCE: usize = 24;

/// What opening a sealed value gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened<T> {
    /// What was sealed.
    Value(T),
    /// The person was erased: nobody can read it any more.
    Erased,
}

impl<T> Opened<T> {
    /// The value, unless the person was erased.
    pub fn value(self) -> Option<T> {
        match self {
            Opened::Value(value) => Some(value),
            Opened::Erased => None,
        }
    }
}

/// Why a value was not sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The person was erased, and there will never be a key again.
    #[error("{0} was erased: nothing can be sealed for them any more")]
    Erased(String),
    /// There is neither a key nor a note that it was destroyed.
    #[error("the key of {0} is missing, though it was never destroyed; restore the folder of keys")]
    Missing(String),
    /// A file of keys cannot be used.
    #[error("the key file {} cannot be {what}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What failed.
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A key or a value does not open: another master key, another key, or changed bytes.
    #[error("what was sealed for {0} does not open: the key is another one, or the bytes were changed")]
    Damaged(String),
    /// The value has another shape than the wanted type.
    #[error("what was sealed for {person} is no such value: {why}")]
    Shape {
        /// Whose.
        person: String,
        /// What the decoder said.
        why: String,
    },
}

/// A person's key. It never appears in text.
#[derive(Clone)]
pub struct PersonKey([u8; 32]);

impl PersonKey {
    /// These secret bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Names the key without revealing it.
    fn id(&self) -> String {
        let digest = Sha256::new()
            .chain_update(b"interstate key id")
            .chain_update(self.0)
            .finalize();
        BASE64_STANDARD_NO_PAD.encode(&digest[..9])
    }

    /// The nonce is a keyed hash of the value. So the same value gives the same bytes, which a repeated command
    /// needs, and two values never share a nonce, without a source of randomness.
    fn nonce(&self, plain: &[u8]) -> XNonce {
        let key = Sha256::new()
            .chain_update(b"interstate nonce")
            .chain_update(self.0)
            .finalize();
        let mac = <Hmac<Sha256> as Mac>::new_from_slice(&key).expect("an HMAC key may have any length");
        *XNonce::from_slice(&mac.chain_update(plain).finalize().into_bytes()[..NONCE])
    }

    fn encrypt(&self, person: &str, plain: &[u8]) -> Vec<u8> {
        let nonce = self.nonce(plain);
        let payload = Payload {
            msg: plain,
            aad: person.as_bytes(),
        };
        let cipher = XChaCha20Poly1305::new(&self.0.into());
        let text = cipher
            .encrypt(&nonce, payload)
            .expect("a value is far below the cipher's 256 GB");
        [nonce.as_slice(), &text].concat()
    }

    fn decrypt(&self, person: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE)?;
        let payload = Payload {
            msg: text,
            aad: person.as_bytes(),
        };
        let cipher = XChaCha20Poly1305::new(&self.0.into());
        cipher.decrypt(XNonce::from_slice(nonce), payload).ok()
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonKey(…)")
    }
}

/// Where the keys of persons live. Call it where blocking for a disk is all right.
pub trait KeyRing: Send + Sync + 'static {
    /// The person's key; made and durable on return where there was none.
    fn key_for(&self, person: &str) -> Result<PersonKey, KeyError>;

    /// The person's key, or nothing where it was destroyed.
    fn find(&self, person: &str) -> Result<Option<PersonKey>, KeyError>;

    /// Destroys the person's key for good. Doing it again changes nothing.
    fn destroy(&self, person: &str) -> Result<(), KeyError>;
}

impl dyn KeyRing {
    /// Seals a value for a person.
    pub fn seal<T: Serialize>(&self, person: impl fmt::Display, value: &T) -> Result<Sealed<T>, KeyError> {
        let person = person.to_string();
        let key = self.key_for(&person)?;
        let sealed = key.encrypt(&person, &crate::encode_json(value));
        Ok(Sealed::new(
            person,
            key.id(),
            BASE64_STANDARD_NO_PAD.encode(sealed),
        ))
    }

    /// Opens a value.
    pub fn open<T: DeserializeOwned>(&self, sealed: &Sealed<T>) -> Result<Opened<T>, KeyError> {
        let person = sealed.person();
        let Some(key) = self.find(person)? else {
            return Ok(Opened::Erased);
        };
        let damaged = || KeyError::Damaged(person.to_owned());
        let data = BASE64_STANDARD_NO_PAD
            .decode(sealed.data())
            .map_err(|_| damaged())?;
        let plain = key.decrypt(person, &data).ok_or_else(damaged)?;
        crate::decode_json("sealed value", &plain)
            .map(Opened::Value)
            .map_err(|error| KeyError::Shape {
                person: person.to_owned(),
                why: error.to_string(),
            })
    }
}

#[cfg(test)]
mod tests;
