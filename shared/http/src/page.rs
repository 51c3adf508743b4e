//! Lists that come in pages.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, de::Error as _};
use std::borrow::Cow;

/// How many entries a page has, from 1 to 100; 20 where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u32);

impl Limit {
    /// The largest page.
    pub const MAX: u32 = 100;

    /// The number of entries.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// How many rows to ask a store for: one more than the page holds tells whether there is a next page.
    pub const fn rows_to_fetch(self) -> u32 {
        self.0 + 1
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(20)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limit = u32::deserialize(deserializer)?;
        if (1..=Self::MAX).contains(&limit) {
            Ok(Self(limit))
        } else {
            Err(D::Error::custom(format!(
                "{limit} is not from 1 to {}",
                Self::MAX
            )))
        }
    }
}

impl JsonSchema for Limit {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "integer", "minimum": 1, "maximum": Self::MAX, "default": 20,
            "description": "How many entries a page has.",
        })
    }
}

/// Where a page begins: the sort key of the last entry of the page before, opaque to clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor<K>(pub K);

impl<K: Serialize> Cursor<K> {
    /// The text that a client passes back.
    pub fn encode(&self) -> String {
        let json = serde_json::to_vec(&self.0).expect("a sort key is strings and numbers");
        BASE64_URL_SAFE_NO_PAD.encode(json)
    }
}

impl<K: Serialize> Serialize for Cursor<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.encode())
    }
}

impl<'de, K: DeserializeOwned> Deserialize<'de> for Cursor<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        BASE64_URL_SAFE_NO_PAD
            .decode(text.as_bytes())
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .map(Self)
            .ok_or_else(|| D::Error::custom("not a cursor of this route"))
    }
}

impl<K> JsonSchema for Cursor<K> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Cursor".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "`next` of the page before." })
    }
}

/// The query of a list without filters. One with filters has these two fields beside its own.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound = "K: DeserializeOwned")]
pub struct PageQuery<K> {
    /// How many entries a page has.
    #[serde(default)]
    pub limit: Limit,
    /// Where to go on.
    pub cursor: Option<Cursor<K>>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
// Each list has pages of its own in the description.
#[schemars(rename = "{T}Page")]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Pass it as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of rows that were asked for with [`Limit::rows_to_fetch`]. `key` is the sort key that the next
    /// page begins after.
    pub fn of<K: Serialize>(mut rows: Vec<T>, limit: Limit, key: impl FnOnce(&T) -> K) -> Self {
        let more = rows.len() > limit.get() as usize;
        rows.truncate(limit.get() as usize);
        let next = rows
            .last()
            .filter(|_| more)
            .map(|last| Cursor(key(last)).encode());
        Self { items: rows, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Query = PageQuery<(u64, String)>;

    fn query(text: &str) -> Result<Query, serde_urlencoded::de::Error> {
        serde_urlencoded::from_str(text)
    }

    #[test]
    fn pages_follow_one_another_to_the_end() {
        let all: Vec<u64> = (1..=5).collect();
        let limit = query("limit=2").unwrap().limit;
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let after = cursor.map_or(0, |Cursor((last, _)): Cursor<(u64, String)>| last);
            let rows = all
                .iter()
                .copied()
                .filter(|n| *n > after)
                .take(limit.rows_to_fetch() as usize)
                .collect();
            let page = Page::of(rows, limit, |n| (*n, "id".to_owned()));
            seen.extend(page.items);
            let Some(next) = page.next else { break };
            cursor = query(&format!("cursor={next}")).unwrap().cursor;
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn limits_and_cursors_are_checked() {
        assert_eq!(query("").unwrap().limit.get(), 20);
        for wrong in [
            "limit=0",
            "limit=101",
            "limit=-1",
            "limit=x",
            "cursor=!!",
            "cursor=e30",
            "page=2",
        ] {
            assert!(query(wrong).is_err(), "{wrong}");
        }
    }
}
