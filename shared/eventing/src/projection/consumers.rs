//! Nothing stalls silently: every consumer of events says how old the oldest event is that it has not handled.

use futures::future::join_all;
use interstate_log::{Log, LogError, PartitionId, Topic};
use interstate_schemas::{SignedDuration, Timestamp};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What kind of consumer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConsumerKind {
    /// Writes a read model.
    Projection,
    /// Turns events into commands.
    Reactor,
    /// Calls the outside world.
    Effect,
}

impl ConsumerKind {
    /// Its name in figures and on screens.
    pub fn name(self) -> &'static str {
        match self {
            ConsumerKind::Projection => "projection",
            ConsumerKind::Reactor => "reactor",
            ConsumerKind::Effect => "effect",
        }
    }
}

/// One consumer of one partition, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerStatus {
    /// What it is.
    pub kind: ConsumerKind,
    /// Its name, `booking-history`.
    pub name: Cow<'static, str>,
    /// Whose events it follows.
    pub source: PartitionId,
    /// Everything below this offset is handled.
    pub next: u64,
    /// The last event that it has handled.
    pub sequence: u64,
    /// Records between it and the end of the partition, receipts included; 0 when it has caught up.
    pub behind: u64,
    /// Log time of the oldest event that it has not handled (where that is unread, of the moment at which it
    /// was noticed); nothing when it has caught up.
    pub oldest: Option<Timestamp>,
    /// Events that it has put aside because they fail.
    pub parked: u64,
    /// Why it does not go on; nothing when it does.
    pub error: Option<String>,
}

impl ConsumerStatus {
    /// The age of the oldest event that is not handled, in log time; zero when it has caught up.
    pub fn age(&self, now: Timestamp) -> SignedDuration {
        self.oldest
            .map_or(SignedDuration::ZERO, |oldest| now.duration_since(oldest))
            .max(SignedDuration::ZERO)
    }
}

#[derive(Default)]
struct State {
    next: u64,
    end: u64,
    sequence: u64,
    oldest: Option<Timestamp>,
    noticed: Option<Timestamp>,
    parked: u64,
    error: Option<String>,
}

struct Entry {
    kind: ConsumerKind,
    name: Cow<'static, str>,
    source: PartitionId,
    state: Mutex<State>,
}

/// All consumers of this process. Clones share it.
#[derive(Clone, Default)]
pub struct Consumers {
    all: Arc<Mutex<Vec<Arc<Entry>>>>,
}

/// A consumer's own line in [`Consumers`].
#[derive(Clone)]
pub struct Consumer {
    entry: Arc<Entry>,
}

impl Consumers {
    /// Adds a consumer; one of the same kind, name and source takes the place of the earlier.
    pub fn register(
        &self,
        kind: ConsumerKind,
        name: impl Into<Cow<'static, str>>,
        source: PartitionId,
    ) -> Consumer {
        let entry = Arc::new(Entry {
            kind,
            name: name.into(),
            source,
            state: Mutex::default(),
        });
        let mut all = lock(&self.all);
        all.retain(|known| (known.kind, &known.name, &known.source) != (kind, &entry.name, &entry.source));
        all.push(entry.clone());
        Consumer { entry }
    }

    /// Looks where the partitions end, so that a consumer that has died or hangs shows as well.
    ///
    /// Call it every second or so, and before a health check.
    pub async fn observe(&self, log: &dyn Log, now: Timestamp) {
        let all = lock(&self.all).clone();
        // Several follow the same partition; its end is asked for once, and all ends at the same time.
        let sources: BTreeSet<PartitionId> = all.iter().map(|entry| entry.source.clone()).collect();
        let ends = sources.into_iter().map(|source| async move {
            let topic = Topic::events(source.service.clone());
            (log.end(&topic, source.index).await, source)
        });
        let ends: BTreeMap<PartitionId, Result<u64, LogError>> = join_all(ends)
            .await
            .into_iter()
            .map(|(end, source)| (source, end))
            .collect();
        for entry in all {
            let mut state = lock(&entry.state);
            match &ends[&entry.source] {
                Ok(end) => {
                    state.end = state.end.max(*end);
                    if state.end > state.next {
                        state.noticed.get_or_insert(now);
                    }
                }
                Err(error) => state.error = Some(error.to_string()),
            }
        }
    }

    /// A projection has this many events put aside now: somebody else than its runner took some up.
    pub fn parked(&self, projection: &str, source: &PartitionId, parked: u64) {
        let all = lock(&self.all);
        let own = all.iter().filter(|entry| {
            entry.kind == ConsumerKind::Projection && entry.name == projection && entry.source == *source
        });
        for entry in own {
            lock(&entry.state).parked = parked;
        }
    }

    /// Everybody, by kind, name and partition.
    pub fn status(&self) -> Vec<ConsumerStatus> {
        let mut all: Vec<ConsumerStatus> = lock(&self.all).iter().map(|entry| entry.status()).collect();
        all.sort_by(|a, b| (a.kind, &a.name, &a.source).cmp(&(b.kind, &b.name, &b.source)));
        all
    }
}

impl Entry {
    fn status(&self) -> ConsumerStatus {
        let state = lock(&self.state);
        ConsumerStatus {
            kind: self.kind,
            name: self.name.clone(),
            source: self.source.clone(),
            next: state.next,
            sequence: state.sequence,
            behind: state.end.saturating_sub(state.next),
            oldest: state.oldest.or(state.noticed),
            parked: state.parked,
            error: state.error.clone(),
        }
    }
}

impl Consumer {
    /// It has read events up to offset `end` that it has not handled, the oldest of this log time.
    pub fn reading(&self, oldest: Timestamp, end: u64) {
        let mut state = lock(&self.entry.state);
        state.oldest.get_or_insert(oldest);
        state.end = state.end.max(end);
    }

    /// Everything below offset `next`, up to this sequence, is handled.
    pub fn handled(&self, next: u64, sequence: u64) {
        let mut state = lock(&self.entry.state);
        state.next = state.next.max(next);
        state.sequence = sequence;
        state.oldest = None;
        state.error = None;
        if state.next >= state.end {
            state.noticed = None;
        }
    }

    /// This many events are put aside.
    pub fn parked(&self, parked: u64) {
        lock(&self.entry.state).parked = parked;
    }

    /// It does not go on, and tries again.
    pub fn failed(&self, why: impl Into<String>) {
        lock(&self.entry.state).error = Some(why.into());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
