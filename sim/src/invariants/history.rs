//! What the log says happened, read as any reader must: whole batches, dense sequences.

use crate::{
    log::{Cluster, Mode},
    trade::{self, account::Account, calendar::Calendar, ledger::Ledger, offer::Offer, trip::Trip},
};
use interstate_eventing::{
    Aggregate, Batch, Batches, Event,
    envelope::{Command, Origin},
    receipt::{Outgoing, Remembered},
};
use interstate_log::Topic;
use interstate_schemas::{CommandId, Timestamp};
use std::collections::BTreeMap;

/// A command of the edge as it reached its partition.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// When, in nanoseconds of the world.
    pub at: u64,
    /// After this it is not decided any more.
    pub expires: Timestamp,
}

/// The whole history of a world.
pub struct History {
    /// By service and partition.
    pub batches: BTreeMap<(String, u32), Vec<Batch>>,
    /// Commands of the edge as they reached the log, where it keeps them.
    pub arrived: BTreeMap<CommandId, Vec<Arrived>>,
    /// The trips as the events have them.
    pub trips: BTreeMap<String, Trip>,
    /// The offers.
    pub offers: BTreeMap<String, Offer>,
    /// The accounts.
    pub accounts: BTreeMap<String, Account>,
    /// The ledgers.
    pub ledgers: BTreeMap<String, Ledger>,
    /// The calendars.
    pub calendars: BTreeMap<String, Calendar>,
}

impl History {
    /// Reads it, or says what is damaged.
    pub fn read(cluster: &Cluster, mode: Mode) -> Result<Self, String> {
        let mut history = Self {
            batches: BTreeMap::new(),
            arrived: BTreeMap::new(),
            trips: BTreeMap::new(),
            offers: BTreeMap::new(),
            accounts: BTreeMap::new(),
            ledgers: BTreeMap::new(),
            calendars: BTreeMap::new(),
        };
        for service in trade::services() {
            for partition in 0..service.partition_count() {
                let mut batches = Batches::new(service.name().into(), partition, 0, 0);
                let mut whole = Vec::new();
                for (_, stored) in cluster.committed(&Topic::events(service.name()), partition) {
                    let batch = batches.push(&stored).map_err(|error| error.to_string())?;
                    whole.extend(batch);
                }
                for event in whole.iter().flat_map(|batch| &batch.events) {
                    history.evolve(event)?;
                }
                history
                    .batches
                    .insert((service.name().to_owned(), partition), whole);
                if mode == Mode::Kafka {
                    for (at, stored) in cluster.committed(&Topic::commands(service.name()), partition) {
                        let command =
                            Command::from_record(&stored.record).map_err(|error| error.to_string())?;
                        if let Origin::Edge { expires, .. } = command.meta.origin {
                            let all = history.arrived.entry(command.meta.id).or_default();
                            all.push(Arrived { at, expires });
                        }
                    }
                }
            }
        }
        Ok(history)
    }

    fn evolve(&mut self, event: &Event) -> Result<(), String> {
        match &*event.aggregate {
            "trip" => evolve(&mut self.trips, event),
            "offer" => evolve(&mut self.offers, event),
            "account" => evolve(&mut self.accounts, event),
            "ledger" => evolve(&mut self.ledgers, event),
            "calendar" => evolve(&mut self.calendars, event),
            other => Err(format!("an event of the unknown aggregate {other}")),
        }
    }

    /// All events, partition by partition.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.batches.values().flatten().flat_map(|batch| &batch.events)
    }

    /// What became of commands of the edge, with the batch that says so.
    pub fn outcomes(&self) -> impl Iterator<Item = (&Batch, &Remembered)> {
        self.batches
            .values()
            .flatten()
            .flat_map(|batch| batch.receipt.outcomes.iter().map(move |outcome| (batch, outcome)))
    }

    /// Whether a command was put aside because its task had ended on it again and again.
    pub fn has_deadly_command(&self) -> bool {
        self.messages().any(|message| {
            let why = message.dead.as_deref();
            why.is_some_and(|why| why.starts_with("command.deadly"))
        })
    }

    /// Every message that left a partition.
    pub fn messages(&self) -> impl Iterator<Item = &Outgoing> {
        self.batches
            .values()
            .flatten()
            .flat_map(|batch| &batch.receipt.messages)
    }
}

fn evolve<A: Aggregate>(all: &mut BTreeMap<String, A>, event: &Event) -> Result<(), String> {
    let decoded = event.decode::<A::Event>().map_err(|error| error.to_string())?;
    all.entry(event.subject.clone())
        .or_default()
        .evolve(&decoded, event.time);
    Ok(())
}
