//! A value that only the holder of a person's key can read. How it is sealed and opened is the event engine's
//! business; that a name may travel sealed from one service to another is part of the language.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt, marker::PhantomData};

/// A value that only the holder of the person's key can read.
#[derive(Serialize, Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
pub struct Sealed<T> {
    /// Whose data it is: the person's id.
    person: String,
    /// Which of the person's keys opens it.
    key: String,
    /// Nonce and ciphertext, base 64.
    data: String,
    #[serde(skip)]
    of: PhantomData<fn() -> T>,
}

impl<T> Sealed<T> {
    /// What was sealed for a person: the name of the key, and the ciphertext with its nonce in base 64.
    pub fn new(person: String, key: String, data: String) -> Self {
        Self {
            person,
            key,
            data,
            of: PhantomData,
        }
    }

    /// Whose data it is.
    pub fn person(&self) -> &str {
        &self.person
    }

    /// Which of the person's keys opens it.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Nonce and ciphertext, base 64.
    pub fn data(&self) -> &str {
        &self.data
    }
}

impl<T> Clone for Sealed<T> {
    fn clone(&self) -> Self {
        Self::new(self.person.clone(), self.key.clone(), self.data.clone())
    }
}

impl<T> PartialEq for Sealed<T> {
    fn eq(&self, other: &Self) -> bool {
        (&self.person, &self.key, &self.data) == (&other.person, &other.key, &other.data)
    }
}

impl<T> Eq for Sealed<T> {}

impl<T> fmt::Debug for Sealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed(of {}, …)", self.person)
    }
}

impl<T: JsonSchema> JsonSchema for Sealed<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Sealed_{}", T::schema_name()).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": format!("A {} that only the holder of the person's key can read.", T::schema_name()),
            "required": ["person", "key", "data"],
            "additionalProperties": false,
            "properties": {
                "person": { "type": "string", "description": "Whose data it is." },
                "key": { "type": "string", "description": "Which of the person's keys opens it." },
                "data": { "type": "string", "description": "XChaCha20-Poly1305: nonce and ciphertext, base 64." },
            },
        })
    }
}
