//! The provider's book: every payment, every operation, who asked for it and by which key. It changes only by a
//! journal's entries, so what is read back after a crash is what was there before.

use crate::{
    clock::UnixMillis,
    idempotency::Keys,
    ids::{EventId, IntentId},
    intent::{Snapshot, Terms},
    journal::Entry,
    operation::{Event, Operation, OperationKind},
    webhooks::Endpoint,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

/// A payment: its terms, where it stands, and its operations' places in the book.
#[derive(Debug)]
pub struct Intent {
    /// What it was opened for.
    pub terms: Arc<Terms>,
    /// Where it stands.
    pub now: Snapshot,
    operations: Vec<usize>,
}

impl Intent {
    /// How many operations it has: the number that the next one will have.
    pub fn operation_count(&self) -> u32 {
        u32::try_from(self.operations.len()).expect("a payment has far fewer operations than 2^32")
    }
}

/// Everything that the provider knows.
#[derive(Debug)]
pub struct Book {
    /// The idempotency keys that are still remembered.
    pub keys: Keys,
    /// Where events go.
    pub endpoint: Option<Arc<Endpoint>>,
    intents: BTreeMap<IntentId, Intent>,
    operations: Vec<Operation>,
    by_reference: HashMap<Arc<str>, Vec<usize>>,
    deadlines: BTreeSet<(UnixMillis, IntentId)>,
    open_events: BTreeMap<EventId, Event>,
}

impl Book {
    /// An empty book that remembers keys for `key_retention`.
    pub fn new(key_retention: Duration) -> Self {
        Self {
            keys: Keys::new(key_retention),
            endpoint: None,
            intents: BTreeMap::new(),
            operations: Vec::new(),
            by_reference: HashMap::new(),
            deadlines: BTreeSet::new(),
            open_events: BTreeMap::new(),
        }
    }

    /// Makes `entry` part of the book.
    pub fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Operation {
                terms,
                operation,
                key,
                event,
            } => {
                let place = self.operations.len();
                self.keys.forget_old(operation.at);
                self.keys.record(key, place, operation.at);
                if let Some(terms) = terms {
                    let intent = Intent {
                        now: operation.after,
                        operations: Vec::new(),
                        terms,
                    };
                    self.intents.insert(operation.intent, intent);
                }
                self.move_to(operation.intent, operation.after);
                if let Some(intent) = self.intents.get_mut(&operation.intent) {
                    intent.operations.push(place);
                }
                self.by_reference
                    .entry(Arc::clone(&operation.reference))
                    .or_default()
                    .push(place);
                self.operations.push(operation);
                self.open_event(event);
            }
            Entry::Transition {
                intent, after, event, ..
            } => {
                self.move_to(intent, after);
                self.open_event(event);
            }
            Entry::EventClosed(id) => {
                self.open_events.remove(&id);
            }
            Entry::Endpoint(endpoint) => self.endpoint = Some(endpoint),
        }
    }

    fn move_to(&mut self, id: IntentId, after: Snapshot) {
        let Some(intent) = self.intents.get_mut(&id) else {
            return;
        };
        if let Some((due, _)) = intent.now.state.deadline() {
            self.deadlines.remove(&(due, id));
        }
        if let Some((due, _)) = after.state.deadline() {
            self.deadlines.insert((due, id));
        }
        intent.now = after;
    }

    fn open_event(&mut self, event: Option<Event>) {
        if let Some(event) = event {
            self.open_events.insert(event.id(), event);
        }
    }

    /// How many payments there are.
    pub fn len(&self) -> usize {
        self.intents.len()
    }

    /// Whether nothing was ever paid.
    pub fn is_empty(&self) -> bool {
        self.intents.is_empty()
    }

    /// One payment.
    pub fn intent(&self, id: IntentId) -> Option<&Intent> {
        self.intents.get(&id)
    }

    /// Payments in the order of their ids, from the one after `after`.
    pub fn intents_after(&self, after: Option<IntentId>) -> impl Iterator<Item = &Intent> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.intents
            .range((after.map_or(Unbounded, Excluded), Unbounded))
            .map(|(_, intent)| intent)
    }

    /// The operation at `place`.
    pub fn operation(&self, place: usize) -> Option<&Operation> {
        self.operations.get(place)
    }

    /// How many operations there are: the place that the next one will have.
    pub fn operation_count(&self) -> usize {
        self.operations.len()
    }

    /// A payment's operations, oldest first; the first is its authorization.
    pub fn operations_of<'a>(&'a self, intent: &'a Intent) -> impl Iterator<Item = &'a Operation> {
        intent
            .operations
            .iter()
            .filter_map(|&place| self.operations.get(place))
    }

    /// Every operation that carries the merchant's `reference`, oldest first.
    pub fn operations_by_reference(&self, reference: &str) -> impl Iterator<Item = &Operation> {
        let places = self.by_reference.get(reference).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|&place| self.operations.get(place))
    }

    /// Every payment that was opened with the merchant's `reference`.
    pub fn intents_by_reference(&self, reference: &str) -> impl Iterator<Item = &Intent> {
        self.operations_by_reference(reference)
            .filter(|operation| operation.kind == OperationKind::Authorize)
            .filter_map(|operation| self.intents.get(&operation.intent))
    }

    /// The payment that time moves on next, and when.
    pub fn next_deadline(&self) -> Option<(UnixMillis, IntentId)> {
        self.deadlines.first().copied()
    }

    /// Events that have not reached their end, in the order of their payments and sequences.
    pub fn open_events(&self) -> impl ExactSizeIterator<Item = &Event> {
        self.open_events.values()
    }
}
