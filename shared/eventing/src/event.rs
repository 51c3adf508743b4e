//! Events as types: what an aggregate says happened, with its name and version on the wire.

/// Why bytes are no event of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Written by a newer version, or by somebody else.
    #[error("the type `{0}` is unknown to this version")]
    UnknownType(String),
    /// Not what the type promises.
    #[error("a `{kind}` cannot be read: {why}")]
    Malformed {
        /// The type.
        kind: String,
        /// What the decoder said.
        why: String,
    },
}

/// The events of one aggregate. Declare them with [`events!`](crate::events!).
pub trait DomainEvent: Sized + Clone + Send + Sync + 'static {
    /// The names on the wire that are written now, `booking.confirmed.v1`.
    const TYPES: &'static [&'static str];

    /// Its name on the wire.
    fn event_type(&self) -> &'static str;

    /// Its payload as JSON.
    fn encode(&self) -> Vec<u8>;

    /// Reads a payload of any version ever written.
    fn decode(event_type: &str, payload: &[u8]) -> Result<Self, DecodeError>;

    /// The JSON Schema of each type that is written.
    fn schemas() -> Vec<(&'static str, schemars::Schema)>;
}

/// Declares an aggregate's events: an enum with one variant a type, its wire names, and how older versions
/// are brought up (`"name.v1" => upcast_function`, a function from the payload's bytes to the enum).
///
/// ```
/// # use interstate_eventing::events;
/// #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
/// pub struct Opened { pub owner: String }
/// events! {
///     /// What happens to an account.
///     pub enum AccountEvent {
///         Opened(Opened) = "account.opened.v1",
///     }
/// }
/// ```
#[macro_export]
macro_rules! events {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $( $(#[$vmeta:meta])* $variant:ident($payload:ty) = $wire:literal ),+ $(,)?
        }
        $( upcast { $( $old:literal => $upcast:path ),+ $(,)? } )?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        $vis enum $name {
            $( $(#[$vmeta])* $variant($payload) ),+
        }

        impl $crate::DomainEvent for $name {
            const TYPES: &'static [&'static str] = &[$($wire),+];

            fn event_type(&self) -> &'static str {
                match self { $( Self::$variant(_) => $wire ),+ }
            }

            fn encode(&self) -> Vec<u8> {
                match self { $( Self::$variant(payload) => $crate::encode_json(payload) ),+ }
            }

            fn decode(event_type: &str, payload: &[u8]) -> Result<Self, $crate::DecodeError> {
                match event_type {
                    $( $wire => $crate::decode_json(event_type, payload).map(Self::$variant), )+
                    $( $( $old => $upcast(payload), )+ )?
                    other => Err($crate::DecodeError::UnknownType(other.to_owned())),
                }
            }

            fn schemas() -> Vec<(&'static str, ::schemars::Schema)> {
                vec![$( ($wire, ::schemars::schema_for!($payload)) ),+]
            }
        }

        $( impl From<$payload> for $name {
            fn from(payload: $payload) -> Self { Self::$variant(payload) }
        } )+
    };
}

/// JSON of a payload. Payloads are plain data, which always has a JSON form.
pub fn encode_json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("plain data with text keys has a JSON form")
}

/// The payload of JSON.
pub fn decode_json<T: serde::de::DeserializeOwned>(kind: &str, bytes: &[u8]) -> Result<T, DecodeError> {
    serde_json::from_slice(bytes).map_err(|error| DecodeError::Malformed {
        kind: kind.to_owned(),
        why: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::{DecodeError, DomainEvent};
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
    struct Opened {
        owner: String,
        currency: String,
    }

    events! {
        enum AccountEvent {
            Opened(Opened) = "account.opened.v2",
        }
        upcast { "account.opened.v1" => from_first }
    }

    /// The first version had accounts in rupees only, and said nothing of it.
    fn from_first(payload: &[u8]) -> Result<AccountEvent, DecodeError> {
        #[derive(Deserialize)]
        struct First {
            owner: String,
        }
        let First { owner } = super::decode_json("account.opened.v1", payload)?;
        let currency = "INR".to_owned();
        Ok(Opened { owner, currency }.into())
    }

    #[test]
    fn an_older_version_is_read_as_the_present_one_and_never_written() {
        let read = AccountEvent::decode("account.opened.v1", br#"{"owner":"Asha"}"#).unwrap();
        assert_eq!(read.event_type(), "account.opened.v2");
        assert_eq!(read.encode(), br#"{"owner":"Asha","currency":"INR"}"#);
        assert_eq!(AccountEvent::TYPES, ["account.opened.v2"]);
    }

    #[test]
    fn what_no_version_wrote_is_refused_by_name() {
        let malformed = AccountEvent::decode("account.opened.v1", br#"{"holder":"Asha"}"#).unwrap_err();
        assert!(malformed.to_string().contains("account.opened.v1"), "{malformed}");
        let unknown = AccountEvent::decode("account.opened.v3", b"{}").unwrap_err();
        assert_eq!(unknown, DecodeError::UnknownType("account.opened.v3".to_owned()));
    }
}
