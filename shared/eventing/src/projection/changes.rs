//! Tells live streams that what they show has changed: each waits for its own key and is woken by no other.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::watch;

/// Announces changes of rows by key. Clones share the watchers.
pub struct Changes<K> {
    shared: Arc<Mutex<Shared<K>>>,
}

struct Shared<K> {
    watched: HashMap<K, watch::Sender<()>>,
    /// Changed in a transaction that is not committed yet.
    staged: Vec<K>,
}

impl<K> Clone for Changes<K> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<K> Default for Changes<K> {
    fn default() -> Self {
        Self {
            shared: Arc::new(Mutex::new(Shared {
                watched: HashMap::new(),
                staged: Vec::new(),
            })),
        }
    }
}

impl<K: Clone + Eq + Hash> Changes<K> {
    /// Watches a key from now on.
    pub fn watch(&self, key: K) -> Watch<K> {
        let mut shared = self.lock();
        let sender = shared
            .watched
            .entry(key.clone())
            .or_insert_with(|| watch::Sender::new(()));
        Watch {
            changed: sender.subscribe(),
            key,
            changes: self.clone(),
        }
    }

    /// Notes a change that the transaction under way makes: nobody could see it yet.
    pub fn stage(&self, key: &K) {
        let mut shared = self.lock();
        // What nobody watches, nobody needs to be told.
        if shared.watched.contains_key(key) {
            shared.staged.push(key.clone());
        }
    }

    /// Announces what was noted: the transaction is committed. After one that was taken back it does no harm;
    /// whoever is woken finds nothing new.
    pub fn announce_staged(&self) {
        let mut shared = self.lock();
        for key in std::mem::take(&mut shared.staged) {
            if let Some(sender) = shared.watched.get(&key) {
                sender.send_replace(());
            }
        }
    }

    /// Announces a change that can be seen.
    pub fn announce(&self, key: &K) {
        if let Some(sender) = self.lock().watched.get(key) {
            sender.send_replace(());
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared<K>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for changes of one key. Several of them at once count as one.
pub struct Watch<K: Clone + Eq + Hash> {
    changed: watch::Receiver<()>,
    key: K,
    changes: Changes<K>,
}

impl<K: Clone + Eq + Hash> Watch<K> {
    /// The next change; one that came since the last call is answered at once.
    pub async fn changed(&mut self) {
        if self.changed.changed().await.is_err() {
            // The sender goes with the last watcher, which this one is at least.
            std::future::pending::<()>().await;
        }
    }
}

impl<K: Clone + Eq + Hash> Drop for Watch<K> {
    fn drop(&mut self) {
        let mut shared = self.changes.lock();
        let is_last = shared
            .watched
            .get(&self.key)
            .is_some_and(|sender| sender.receiver_count() <= 1);
        if is_last {
            shared.watched.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn each_watcher_is_woken_for_its_own_key_once_the_change_can_be_seen() {
        let changes = Changes::default();
        let (mut one, mut other) = (changes.watch(1), changes.watch(2));
        changes.stage(&1);
        assert!(one.changed().now_or_never().is_none(), "not committed yet");
        changes.announce_staged();
        assert!(one.changed().now_or_never().is_some());
        assert!(one.changed().now_or_never().is_none(), "it was one change");
        assert!(other.changed().now_or_never().is_none());
        changes.announce(&2);
        changes.announce(&2);
        assert!(other.changed().now_or_never().is_some());
        assert!(
            other.changed().now_or_never().is_none(),
            "several at once are one"
        );
    }

    #[test]
    fn what_nobody_watches_any_more_is_forgotten() {
        let changes = Changes::default();
        let (first, second) = (changes.watch("a"), changes.watch("a"));
        drop(first);
        assert_eq!(changes.lock().watched.len(), 1);
        drop(second);
        assert_eq!(changes.lock().watched.len(), 0);
        changes.stage(&"a");
        assert!(changes.lock().staged.is_empty());
    }
}
