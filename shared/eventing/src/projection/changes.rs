//! Tells live streams that what they show has changed: each waits for its own key and is woken by no other. Who knows
//! the new state hands it over, so that it is read once, however many watch it.

use crate::runtime::Clock;
use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// Rows are looked at this often even when nobody says that they changed: a rebuild may have mended them.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Announces changes of rows by key, with the new state where it is known. Clones share the watchers.
pub struct Changes<K, V = ()> {
    shared: Arc<Mutex<Shared<K, V>>>,
}

struct Shared<K, V> {
    watched: HashMap<K, watch::Sender<Option<V>>>,
    /// Changed in a transaction that is not committed yet.
    staged: HashSet<K>,
}

impl<K, V> Clone for Changes<K, V> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<K, V> Default for Changes<K, V> {
    fn default() -> Self {
        Self {
            shared: Arc::new(Mutex::new(Shared {
                watched: HashMap::new(),
                staged: HashSet::new(),
            })),
        }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Changes<K, V> {
    /// Watches a key from now on.
    pub fn watch(&self, key: K) -> Watch<K, V> {
        let mut shared = self.lock();
        let sender = shared
            .watched
            .entry(key.clone())
            .or_insert_with(|| watch::Sender::new(None));
        Watch {
            changed: sender.subscribe(),
            key,
            changes: self.clone(),
            has_looked: false,
        }
    }

    /// Notes a change that the transaction under way makes: nobody could see it yet.
    pub fn stage(&self, key: &K) {
        // Whoever begins to watch before the commit looks at what was there before.
        self.lock().staged.insert(key.clone());
    }

    /// Announces what was noted, with the state that `look` finds: the transaction is committed. After one that
    /// was taken back it does no harm; whoever is woken finds nothing new.
    pub fn announce_staged(&self, look: impl Fn(&K) -> Option<V>) {
        let watched: Vec<K> = {
            let mut shared = self.lock();
            let staged = std::mem::take(&mut shared.staged);
            // What nobody watches, nobody needs to be told.
            let watched = staged.into_iter();
            watched.filter(|key| shared.watched.contains_key(key)).collect()
        };
        // Nobody is held up while it looks.
        for key in watched {
            let state = look(&key);
            if let Some(sender) = self.lock().watched.get(&key) {
                sender.send_replace(state);
            }
        }
    }

    /// Whether anybody watches anything; otherwise nobody needs to be told.
    pub fn is_watched(&self) -> bool {
        !self.lock().watched.is_empty()
    }

    /// Announces a change that can be seen.
    pub fn announce(&self, key: &K) {
        if let Some(sender) = self.lock().watched.get(key) {
            sender.send_replace(None);
        }
    }

    /// Announces a change that can be seen, with the state after it: nobody makes that where nobody watches.
    pub fn announce_with(&self, key: &K, state: impl FnOnce() -> Option<V>) {
        if !self.lock().watched.contains_key(key) {
            return;
        }
        let state = state();
        if let Some(sender) = self.lock().watched.get(key) {
            sender.send_replace(state);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared<K, V>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for changes of one key. Several of them at once count as one.
pub struct Watch<K: Clone + Eq + Hash, V: Clone = ()> {
    changed: watch::Receiver<Option<V>>,
    key: K,
    changes: Changes<K, V>,
    has_looked: bool,
}

impl<K: Clone + Eq + Hash, V: Clone> Watch<K, V> {
    /// The state as it is, at the first call; later the state after the next change. It looks only for what nobody
    /// hands over. Now and then the state is one that was seen before.
    pub async fn next_state<F: Future<Output = Option<V>>>(
        &mut self,
        clock: &dyn Clock,
        look: impl FnOnce() -> F,
    ) -> Option<V> {
        let mut known = None;
        if self.has_looked {
            tokio::select! {
                biased;
                state = self.changed() => known = state,
                () = clock.sleep(LOOK_AGAIN) => {}
            }
        }
        if known.is_none() {
            known = look().await;
            self.has_looked = true;
        }
        known
    }

    /// The next change, with the state after it where that is known; one that came since the last call is
    /// answered at once.
    pub async fn changed(&mut self) -> Option<V> {
        if self.changed.changed().await.is_err() {
            // The sender goes with the last watcher, which this one is at least.
            std::future::pending::<()>().await;
        }
        self.changed.borrow_and_update().clone()
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Drop for Watch<K, V> {
    fn drop(&mut self) {
        let mut shared = self.changes.lock();
        // Two that go at once would each count the other.
        let (_, nothing) = watch::channel(None);
        drop(std::mem::replace(&mut self.changed, nothing));
        let was_last = shared
            .watched
            .get(&self.key)
            .is_some_and(|sender| sender.receiver_count() == 0);
        if was_last {
            shared.watched.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::MachineClock;
    use futures::FutureExt;

    #[test]
    fn each_watcher_is_woken_for_its_own_key_once_the_change_can_be_seen() {
        let changes = Changes::default();
        let (mut one, mut other) = (changes.watch(1), changes.watch(2));
        changes.stage(&1);
        assert!(one.changed().now_or_never().is_none(), "not committed yet");
        changes.announce_staged(|key| Some(key * 10));
        assert_eq!(one.changed().now_or_never(), Some(Some(10)));
        assert!(one.changed().now_or_never().is_none(), "it was one change");
        assert!(other.changed().now_or_never().is_none());
        changes.announce(&2);
        changes.announce(&2);
        assert_eq!(other.changed().now_or_never(), Some(None), "it looks for itself");
        assert!(
            other.changed().now_or_never().is_none(),
            "several at once are one"
        );
    }

    #[test]
    fn what_many_events_change_is_looked_at_once_and_what_nobody_watches_never() {
        let changes = Changes::default();
        let _watch = (changes.watch("a"), changes.watch("a"));
        for key in ["a", "b", "a"] {
            changes.stage(&key);
        }
        let looks = std::cell::Cell::new(0);
        changes.announce_staged(|_| {
            looks.set(looks.get() + 1);
            Some(())
        });
        assert_eq!(looks.get(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_follows_looks_once_and_then_only_for_what_is_not_handed_over() {
        let changes = Changes::default();
        let mut watch = changes.watch("a");
        let clock = MachineClock::real();
        let none_looks = || async { panic!("it was handed over") };
        assert_eq!(watch.next_state(&clock, || async { Some(1) }).await, Some(1));
        assert!(watch.next_state(&clock, none_looks).now_or_never().is_none());
        changes.stage(&"a");
        changes.announce_staged(|_| Some(2));
        assert_eq!(watch.next_state(&clock, none_looks).await, Some(2));
        assert!(watch.next_state(&clock, none_looks).now_or_never().is_none());
        changes.announce(&"a");
        assert_eq!(watch.next_state(&clock, || async { Some(3) }).await, Some(3));
        // Nothing is announced, and after a while it looks all the same.
        assert_eq!(watch.next_state(&clock, || async { Some(4) }).await, Some(4));
    }

    #[test]
    fn what_nobody_watches_any_more_is_forgotten() {
        let changes: Changes<&str> = Changes::default();
        let (first, second) = (changes.watch("a"), changes.watch("a"));
        drop(first);
        assert_eq!(changes.lock().watched.len(), 1);
        drop(second);
        assert_eq!(changes.lock().watched.len(), 0);
        changes.stage(&"a");
        changes.announce_staged(|_| panic!("nobody watches it"));
        assert!(changes.lock().staged.is_empty());
    }

    #[test]
    fn who_comes_between_a_change_and_its_commit_is_told() {
        let changes = Changes::default();
        changes.stage(&"a");
        let mut watch = changes.watch("a");
        changes.announce_staged(|_| Some(1));
        assert_eq!(watch.changed().now_or_never(), Some(Some(1)));
    }
}
