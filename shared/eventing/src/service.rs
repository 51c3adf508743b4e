//! What a service is made of: its aggregates, by name.

use crate::{
    DecodeError,
    aggregate::{Aggregate, Kind, KindOf},
};
use std::{collections::BTreeMap, marker::PhantomData, sync::Arc};

/// A service's name, partitions and aggregates. A new aggregate is one line: `.aggregate::<Booking>()`.
#[derive(Clone)]
pub struct Service {
    name: &'static str,
    partitions: u32,
    kinds: Vec<Arc<dyn Kind>>,
}

impl Service {
    /// Partitions where nothing else is said.
    pub const PARTITIONS: u32 = 4;

    /// A service without aggregates.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            partitions: Self::PARTITIONS,
            kinds: Vec::new(),
        }
    }

    /// A service that only reads the events of others: it has no partitions, no topics and no aggregates.
    pub fn reader(name: &'static str) -> Self {
        Self {
            name,
            partitions: 0,
            kinds: Vec::new(),
        }
    }

    /// Whether it only reads.
    pub fn only_reads(&self) -> bool {
        self.partitions == 0
    }

    /// Another number of partitions. It must be that of the log, and never changes in place.
    #[must_use]
    pub fn partitions(mut self, partitions: u32) -> Self {
        self.partitions = partitions.max(1);
        self
    }

    /// Registers an aggregate.
    #[must_use]
    pub fn aggregate<A: Aggregate>(mut self) -> Self {
        self.kinds.push(Arc::new(KindOf::<A>(PhantomData)));
        self
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How many partitions it has.
    pub fn partition_count(&self) -> u32 {
        self.partitions
    }

    /// The wire names of its events and their JSON Schemas.
    pub fn event_schemas(&self) -> Vec<(&'static str, schemars::Schema)> {
        self.kinds.iter().flat_map(|kind| kind.schemas()).collect()
    }

    /// The wire names of the events of each of its aggregates.
    pub fn event_types(&self) -> Vec<(&'static str, &'static [&'static str])> {
        self.kinds
            .iter()
            .map(|kind| (kind.name(), kind.event_types()))
            .collect()
    }

    /// Reads an event's payload of any version ever written, and writes it as this version does: its type and
    /// payload now. Nothing where no aggregate of the service knows the type.
    ///
    /// # Errors
    /// The payload is not what its type promises.
    pub fn rewrite(
        &self,
        event_type: &str,
        payload: &[u8],
    ) -> Result<Option<(&'static str, Vec<u8>)>, DecodeError> {
        for kind in &self.kinds {
            match kind.read_event(event_type, payload) {
                Err(DecodeError::UnknownType(_)) => {}
                read => return read.map(Some),
            }
        }
        Ok(None)
    }

    pub(crate) fn kind(&self, name: &str) -> Option<(u16, &Arc<dyn Kind>)> {
        self.kinds
            .iter()
            .enumerate()
            .find(|(_, kind)| kind.name() == name)
            .map(|(index, kind)| (index as u16, kind))
    }

    pub(crate) fn kind_at(&self, index: u16) -> &Arc<dyn Kind> {
        &self.kinds[usize::from(index)]
    }

    /// Names the shape of cached states: a cache of another shape is rebuilt.
    pub(crate) fn shape(&self) -> String {
        let kinds: Vec<String> = self
            .kinds
            .iter()
            .map(|kind| format!("{}:{}", kind.name(), kind.version()))
            .collect();
        kinds.join(",")
    }
}

/// How many partitions each service has: where a message goes is a function of this. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Topology {
    counts: Arc<BTreeMap<String, u32>>,
}

impl Topology {
    /// Of these services; those that only read can be sent nothing.
    pub fn of<'a>(services: impl IntoIterator<Item = &'a Service>) -> Self {
        Self {
            counts: Arc::new(
                services
                    .into_iter()
                    .filter(|service| !service.only_reads())
                    .map(|service| (service.name.to_owned(), service.partitions))
                    .collect(),
            ),
        }
    }

    /// The partition of an aggregate, or nothing where the service is not deployed.
    pub fn partition(&self, service: &str, id: &str) -> Option<u32> {
        self.counts
            .get(service)
            .map(|count| interstate_log::partition_of(id.as_bytes(), *count))
    }

    /// The services with their partition counts.
    pub fn services(&self) -> impl Iterator<Item = (&str, u32)> {
        self.counts.iter().map(|(name, count)| (name.as_str(), *count))
    }
}
