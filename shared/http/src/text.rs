//! Text with an end.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::borrow::Cow;

/// Text of a request that is kept: 1 to `MAX` characters, none of them a control character. Without an end it
/// would stand in events for ever.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is wrong with a text, if anything is.
    pub fn check(text: &str) -> Result<(), String> {
        let count = text.chars().count();
        if !(1..=MAX).contains(&count) {
            return Err(format!("{count} characters, not 1 to {MAX}"));
        }
        if text.chars().any(char::is_control) {
            return Err("it holds control characters".to_owned());
        }
        Ok(())
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(text: Text<MAX>) -> Self {
        text.0
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::check(&text).map_err(D::Error::custom)?;
        Ok(Self(text))
    }
}

impl<const MAX: usize> JsonSchema for Text<MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Text{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_an_end() {
        let read = |json: &str| serde_json::from_str::<Text<5>>(json).map(String::from);
        assert_eq!(read(r#""नीला""#).unwrap(), "नीला");
        for wrong in [r#""""#, r#""sixsix""#, r#""a\u0000b""#, "5"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
