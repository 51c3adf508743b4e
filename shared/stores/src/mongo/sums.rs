//! What a document says, whatever order its fields were written in.

use super::document::OWN;
use mongodb::bson::{RawBsonRef, RawDocument, error::Result};
use sha2::{Digest, Sha256};

/// The hash of a document. Its revision differs with how events came together, and when it goes with the machine's time;
/// which events it has does not.
pub(super) fn of(document: &RawDocument) -> Result<[u8; 32]> {
    let mut bytes = Vec::with_capacity(document.as_bytes().len());
    put(&mut bytes, document, &|name| {
        name == "seen" || !OWN.contains(&name)
    })?;
    Ok(Sha256::digest(&bytes).into())
}

/// Fields by their names: a server puts them where it likes.
fn put(bytes: &mut Vec<u8>, document: &RawDocument, counts: &dyn Fn(&str) -> bool) -> Result<()> {
    let mut fields = Vec::new();
    for field in document {
        let (name, value) = field?;
        if counts(name.as_str()) {
            fields.push((name.as_str(), value));
        }
    }
    fields.sort_by_key(|(name, _)| *name);
    bytes.extend((fields.len() as u64).to_be_bytes());
    for (name, value) in fields {
        text(bytes, name.as_bytes());
        put_value(bytes, value)?;
    }
    Ok(())
}

fn put_value(bytes: &mut Vec<u8>, value: RawBsonRef<'_>) -> Result<()> {
    bytes.push(value.element_type() as u8);
    match value {
        RawBsonRef::Document(document) => put(bytes, document, &|_| true)?,
        RawBsonRef::Array(array) => {
            for element in array {
                put_value(bytes, element?)?;
            }
            bytes.push(0);
        }
        RawBsonRef::String(string) => text(bytes, string.as_bytes()),
        RawBsonRef::Double(number) => bytes.extend(number.to_bits().to_be_bytes()),
        RawBsonRef::Int32(number) => bytes.extend(number.to_be_bytes()),
        RawBsonRef::Int64(number) => bytes.extend(number.to_be_bytes()),
        RawBsonRef::DateTime(date) => bytes.extend(date.timestamp_millis().to_be_bytes()),
        RawBsonRef::Boolean(yes) => bytes.push(u8::from(yes)),
        RawBsonRef::Null => {}
        // Nothing here is written in any other type.
        other => text(bytes, format!("{other:?}").as_bytes()),
    }
    Ok(())
}

fn text(bytes: &mut Vec<u8>, text: &[u8]) {
    bytes.extend((text.len() as u64).to_be_bytes());
    bytes.extend(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::rawdoc;

    #[test]
    fn the_order_of_fields_and_the_revision_do_not_count_and_everything_else_does() {
        let one = rawdoc! { "_id": "a", "rev": 1_i64, "seen": { "b:0": 1_i64 }, "x": { "y": 1_i64, "z": [1_i64, "2"] } };
        let other = rawdoc! { "x": { "z": [1_i64, "2"], "y": 1_i64 }, "_id": "a", "seen": { "b:0": 1_i64 }, "rev": 9_i64 };
        assert_eq!(of(&one).unwrap(), of(&other).unwrap());
        for different in [
            rawdoc! { "seen": { "b:0": 2_i64 }, "x": { "y": 1_i64, "z": [1_i64, "2"] } },
            rawdoc! { "seen": { "b:0": 1_i64 }, "x": { "y": 1_i32, "z": [1_i64, "2"] } },
            rawdoc! { "seen": { "b:0": 1_i64 }, "x": { "y": 1_i64, "z": ["2", 1_i64] } },
            rawdoc! { "seen": { "b:0": 1_i64 }, "x": { "y": 1_i64, "z": [1_i64, 2_i64] } },
        ] {
            assert_ne!(of(&one).unwrap(), of(&different).unwrap(), "{different:?}");
        }
    }
}
