//! Typed, prefixed, time-ordered identifiers: `bkg_01JD…`. One type an entity, so that a booking's id can
//! never be passed where a driver's is wanted.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};
use ulid::Ulid;

/// Text that is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {what} id: expected `{prefix}_` and 26 characters of Crockford base 32")]
pub struct ParseIdError {
    /// What the id should have named.
    pub what: &'static str,
    /// The prefix that ids of this kind carry.
    pub prefix: &'static str,
    /// The text that was given, cut at 64 characters.
    pub text: String,
}

/// Derives 128 bits from `parts`: 48 bits of `millis`, then 80 bits of a SHA-256 over the parts. The same
/// input gives the same id on every machine, which is what makes a repeated command create nothing twice.
pub fn derive_ulid(millis: u64, parts: &[&[u8]]) -> Ulid {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let mut low = [0u8; 16];
    low[6..].copy_from_slice(&digest[..10]);
    Ulid((u128::from(millis & 0xFFFF_FFFF_FFFF) << 80) | u128::from_be_bytes(low))
}

/// Declares id types: `id!(BookingId, "bkg", "booking");`
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl $name {
            /// The text before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps raw bits; the upper 48 are the time in milliseconds since 1970.
            pub const fn from_ulid(ulid: Ulid) -> Self {
                Self(ulid)
            }

            /// The raw bits, to derive another kind of id from this one.
            pub const fn ulid(self) -> Ulid {
                self.0
            }

            /// An id that depends on nothing but its arguments; `millis` is the time since 1970.
            pub fn derive(millis: u64, parts: &[&[u8]]) -> Self {
                Self(derive_ulid(millis, parts))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut buffer = [0u8; ulid::ULID_LEN];
                write!(f, "{}_{}", $prefix, self.0.array_to_str(&mut buffer))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(|rest| Ulid::from_string(rest).ok().filter(|id| id.to_string() == rest))
                    .map(Self)
                    .ok_or_else(|| ParseIdError {
                        what: $what,
                        prefix: $prefix,
                        text: text.chars().take(64).collect(),
                    })
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "description": concat!("The id of a ", $what, "."),
                    "pattern": concat!("^", $prefix, "_[0-9A-HJKMNP-TV-Z]{26}$"),
                })
            }
        }
    };
}

id!(/** A person with an account, of whatever role. */ UserId, "usr", "user");
id!(/** A login of one user. */ SessionId, "ses", "session");
id!(/** A frozen offer of a price. */ QuoteId, "qte", "quote");
id!(/** A booking; carries the bits of the quote that it accepts. */ BookingId, "bkg", "booking");
id!(/** A driver; carries the bits of the user that drives. */ DriverId, "drv", "driver");
id!(/** A vehicle. */ VehicleId, "veh", "vehicle");
id!(/** A search for a driver for one booking. */ DispatchId, "dsp", "dispatch");
id!(/** A timed proposal of a trip to one driver. */ OfferId, "ofr", "offer");
id!(/** A reserved interval of a driver or a vehicle. */ DutyId, "dty", "duty");
id!(/** The money side of one booking; carries the booking's bits. */ PaymentId, "pay", "payment");
id!(/** One operation of a payment at its provider. */ OperationId, "opn", "payment operation");
id!(/** A trip that is tracked; carries the booking's bits. */ TripId, "trp", "trip");
id!(/** Something a person must look at. */ CaseId, "cas", "support case");
id!(/** A command, from the edge or from another aggregate. */ CommandId, "cmd", "command");
id!(/** An event in the log. */ EventId, "evt", "event");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_orders_by_time() {
        let early = BookingId::derive(1_000, &[b"a"]);
        let late = BookingId::derive(2_000, &[b"a"]);
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(early.to_string().parse(), Ok(early));
        assert_eq!(
            serde_json::from_str::<BookingId>(&serde_json::to_string(&late).unwrap()).unwrap(),
            late
        );
    }

    #[test]
    fn another_kind_of_id_is_refused_with_the_reason() {
        let driver = DriverId::derive(1, &[b"a"]).to_string();
        let error = driver.parse::<BookingId>().unwrap_err();
        assert!(
            error.to_string().contains("is not a booking id: expected `bkg_`"),
            "{error}"
        );
        assert!("bkg_".parse::<BookingId>().is_err());
        assert!(
            "bkg_8ZZZZZZZZZZZZZZZZZZZZZZZZZ".parse::<BookingId>().is_err(),
            "more than 128 bits"
        );
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(derive_ulid(0, &[b"ab", b"c"]), derive_ulid(0, &[b"a", b"bc"]));
    }
}
