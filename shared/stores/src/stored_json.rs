//! JSON that goes from a row to an answer as it stands.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt, marker::PhantomData, sync::Arc};

/// The JSON of a `T` as a projection wrote it. Nobody takes it apart only to put it together again; clones share it.
pub struct StoredJson<T> {
    text: Arc<RawValue>,
    of: PhantomData<fn() -> T>,
}

impl<T> StoredJson<T> {
    /// The text of a column.
    ///
    /// # Errors
    /// It is not JSON.
    pub fn from_text(text: String) -> Result<Self, serde_json::Error> {
        Ok(Self {
            text: RawValue::from_string(text)?.into(),
            of: PhantomData,
        })
    }
}

impl<T> Clone for StoredJson<T> {
    fn clone(&self) -> Self {
        Self {
            text: self.text.clone(),
            of: PhantomData,
        }
    }
}

impl<T> PartialEq for StoredJson<T> {
    fn eq(&self, other: &Self) -> bool {
        self.text.get() == other.text.get()
    }
}

impl<T> fmt::Debug for StoredJson<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.get())
    }
}

impl<T> Serialize for StoredJson<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<T: JsonSchema> JsonSchema for StoredJson<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_passed_on_as_it_stands_and_refused_where_it_is_no_json() {
        let text = r#"{"to":"Udaipur",  "km":262.5}"#;
        let stored = StoredJson::<()>::from_text(text.to_owned()).unwrap();
        assert_eq!(
            serde_json::to_string(&[stored.clone(), stored]).unwrap(),
            format!("[{text},{text}]")
        );
        assert!(StoredJson::<()>::from_text(r#"{"to":"#.to_owned()).is_err());
    }
}
