//! What a booking's story tells of an event.

use serde::{
    Deserializer, Serialize,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

/// Members of payloads that are large or nobody's business: routes, and tokens of payment methods.
const LEFT_OUT: &[&str] = &["route", "method", "input"];

/// A payload without what is left out, as JSON. It is written while it is read: a tree of all of its values would
/// cost more than the row.
pub(super) fn detail(payload: &[u8]) -> String {
    let mut told = Vec::with_capacity(payload.len());
    let mut payload = serde_json::Deserializer::from_slice(payload);
    match Tell(&mut told).deserialize(&mut payload) {
        Ok(()) => String::from_utf8(told).unwrap_or_default(),
        Err(_) => "null".to_owned(),
    }
}

/// Writes a value while it is read.
struct Tell<'t>(&'t mut Vec<u8>);

impl Tell<'_> {
    fn put<E: Error>(self, value: &(impl Serialize + ?Sized)) -> Result<(), E> {
        serde_json::to_writer(self.0, value).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Tell<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tell<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.put(&())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.put(&value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.put(&value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.put(&value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.put(&value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.put(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        self.0.push(b'[');
        let begin = self.0.len();
        while let Some(element) = elements.next_element::<&RawValue>()? {
            if self.0.len() > begin {
                self.0.push(b',');
            }
            self.0.extend_from_slice(element.get().as_bytes());
        }
        self.0.push(b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.0.push(b'{');
        let begin = self.0.len();
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            if LEFT_OUT.contains(&name.as_ref()) {
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            if self.0.len() > begin {
                self.0.push(b',');
            }
            Tell(self.0).put(&name)?;
            self.0.push(b':');
            members.next_value_seed(Tell(self.0))?;
        }
        self.0.push(b'}');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_holds_no_payment_token() {
        let payload = br#"{"order":{"quote":"q","method":{"kind":"card","token":"tok"},"route":{}}}"#;
        assert_eq!(detail(payload), r#"{"order":{"quote":"q"}}"#);
    }

    #[test]
    fn everything_else_is_told_as_it_was_said() {
        let payload = r#"{ "a\"b": [1, {"c": 2.50}], "input": [1, 2], "d": {}, "e": {"f": null, "g": "h\n"},
            "i": [], "j": -1, "k": true }"#;
        assert_eq!(
            detail(payload.as_bytes()),
            r#"{"a\"b":[1,{"c": 2.50}],"d":{},"e":{"f":null,"g":"h\n"},"i":[],"j":-1,"k":true}"#
        );
        assert_eq!(detail(b"[1]"), "[1]");
        assert_eq!(detail(b"{\"cut"), "null");
    }
}
