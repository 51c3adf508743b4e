//! Which idempotency key was used for what. The same key with the same request gets the first answer again; with
//! another request it is an error. Two requests at once cannot interleave: a key is looked up and recorded while
//! the book is locked, together with the operation.

use crate::clock::UnixMillis;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

/// What a request said, in 128 bits: its path and its fields, in a fixed order whatever order they came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// The fingerprint of `body` sent to `path`.
    pub fn of(path: &str, body: &impl Serialize) -> Self {
        let mut hash = Sha256::new();
        hash.update(path.as_bytes());
        hash.update([0]);
        serde_json::to_writer(&mut hash, body)
            .expect("requests are plain structs, and a hash takes any bytes");
        let digest: [u8; 32] = hash.finalize().into();
        Self(u128::from_be_bytes(std::array::from_fn(|i| digest[i])))
    }
}

/// A key as a request carried it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdempotencyKey {
    /// The header's text.
    pub text: Arc<str>,
    /// What it was sent with.
    pub fingerprint: Fingerprint,
}

/// What is known of a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Lookup {
    /// Never seen, or forgotten.
    New,
    /// Used for the same request: the operation's place in the book.
    Same(usize),
    /// Used for another request.
    Different,
}

#[derive(Debug)]
struct Use {
    fingerprint: Fingerprint,
    operation: usize,
}

/// Every key that is still remembered.
#[derive(Debug)]
pub struct Keys {
    uses: HashMap<Arc<str>, Use>,
    by_age: VecDeque<(UnixMillis, Arc<str>)>,
    retention: Duration,
}

impl Keys {
    /// No keys yet; each is remembered for `retention`.
    pub fn new(retention: Duration) -> Self {
        Self {
            uses: HashMap::new(),
            by_age: VecDeque::new(),
            retention,
        }
    }

    /// Forgets what is older than the retention at `now`.
    pub fn forget_old(&mut self, now: UnixMillis) {
        while let Some((_, text)) = self
            .by_age
            .pop_front_if(|(used, _)| used.plus(self.retention) <= now)
        {
            self.uses.remove(&text);
        }
    }

    /// What `key` was used for.
    pub fn look_up(&self, key: &IdempotencyKey) -> Lookup {
        match self.uses.get(&key.text) {
            None => Lookup::New,
            Some(seen) if seen.fingerprint == key.fingerprint => Lookup::Same(seen.operation),
            Some(_) => Lookup::Different,
        }
    }

    /// Records that `key` was used for `operation` at `now`.
    pub fn record(&mut self, key: IdempotencyKey, operation: usize, now: UnixMillis) {
        self.by_age.push_back((now, Arc::clone(&key.text)));
        self.uses.insert(
            key.text,
            Use {
                fingerprint: key.fingerprint,
                operation,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str, body: &str) -> IdempotencyKey {
        IdempotencyKey {
            text: text.into(),
            fingerprint: Fingerprint::of("/v1/refunds", &body),
        }
    }

    #[test]
    fn a_key_belongs_to_one_request_until_it_is_forgotten() {
        let mut keys = Keys::new(Duration::from_secs(60));
        keys.record(key("k1", "refund 500"), 7, UnixMillis(0));

        assert_eq!(keys.look_up(&key("k1", "refund 500")), Lookup::Same(7));
        assert_eq!(keys.look_up(&key("k1", "refund 900")), Lookup::Different);
        assert_eq!(keys.look_up(&key("k2", "refund 500")), Lookup::New);

        keys.forget_old(UnixMillis(59_999));
        assert_eq!(keys.look_up(&key("k1", "refund 500")), Lookup::Same(7));
        keys.forget_old(UnixMillis(60_000));
        assert_eq!(keys.look_up(&key("k1", "refund 500")), Lookup::New);
    }

    #[test]
    fn the_same_body_on_another_path_is_another_request() {
        assert_ne!(Fingerprint::of("/v1/a", &"x"), Fingerprint::of("/v1/b", &"x"));
    }
}
