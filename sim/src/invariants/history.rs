//! What the log says happened, read as any reader must: whole batches, dense sequences.

use super::{Books, messages::Way};
use crate::log::{Cluster, Mode};
use interstate_eventing::{
    Batch, Batches, Event, Service,
    envelope::{Command, CommandMeta, Origin},
    receipt::{Outgoing, Remembered},
    resend::Resend,
};
use interstate_log::Topic;
use interstate_schemas::{CommandId, Timestamp};
use std::{collections::BTreeMap, sync::Arc};

/// A command of the edge as it reached its partition.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// When, in nanoseconds of the world.
    pub at: u64,
    /// After this it is not decided any more.
    pub expires: Timestamp,
}

/// The whole history of a world.
#[derive(Default)]
pub struct History {
    /// By service and partition.
    batches: BTreeMap<(&'static str, u32), Vec<Batch>>,
    /// When each of them was written, in nanoseconds of the world.
    written: BTreeMap<(&'static str, u32), Vec<u64>>,
    /// Messages as they reached the log of commands, where it keeps them: their numbers, and when.
    pub(super) queued: BTreeMap<Way, Vec<(u64, u64)>>,
    /// Commands of the edge as they reached the log, where it keeps them.
    pub arrived: BTreeMap<CommandId, Vec<Arrived>>,
    /// Whether a command was put aside because its task had ended on it again and again.
    deadly: bool,
}

impl History {
    /// The batches of a partition.
    pub fn of(&self, service: &str, partition: u32) -> &[Batch] {
        let found = self
            .batches
            .iter()
            .find(|((name, index), _)| *name == service && *index == partition);
        found.map_or(&[], |(_, batches)| batches)
    }

    /// The batches of each partition.
    pub fn partitions(&self) -> impl Iterator<Item = &Vec<Batch>> {
        self.batches.values()
    }

    /// The batches of each partition, each with the time at which it was written.
    pub(super) fn written(&self) -> impl Iterator<Item = ((&'static str, u32), u64, &Batch)> {
        self.batches.iter().flat_map(|(place, batches)| {
            let times = self.written.get(place).into_iter().flatten();
            times.zip(batches).map(|(at, batch)| (*place, *at, batch))
        })
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

    /// A command stands in the log of commands.
    fn takes(&mut self, place: (&'static str, u32), meta: CommandMeta, at: u64) {
        match meta.origin {
            Origin::Edge { expires, .. } => {
                let all = self.arrived.entry(meta.id).or_default();
                all.push(Arrived { at, expires });
            }
            Origin::Task {
                incarnation,
                service,
                partition,
                number,
            } => {
                let way = Way {
                    incarnation,
                    from: (service, partition),
                    to: (place.0.into(), place.1),
                };
                self.queued.entry(way).or_default().push((number, at));
            }
            Origin::Reactor { .. } | Origin::Local => {}
        }
    }

    /// Whether a command was put aside because its task had ended on it again and again.
    pub fn has_deadly_command(&self) -> bool {
        self.deadly
    }

    /// Every message that left a partition.
    pub fn messages(&self) -> impl Iterator<Item = &Outgoing> {
        self.batches
            .values()
            .flatten()
            .flat_map(|batch| &batch.receipt.messages)
    }
}

fn is_deadly(message: &Outgoing) -> bool {
    let why = message.dead.as_deref();
    why.is_some_and(|why| why.starts_with("command.deadly"))
}

/// A partition that is being read.
struct Source {
    service: &'static str,
    partition: u32,
    batches: Batches,
    events: u64,
    commands: u64,
}

/// The history and the books, which follow the log as it grows.
pub struct Chronicle<B> {
    /// What happened.
    pub history: History,
    /// What it means.
    pub books: B,
    cluster: Arc<Cluster>,
    mode: Mode,
    sources: Vec<Source>,
}

impl<B: Books> Chronicle<B> {
    /// One that has read nothing.
    pub fn new(cluster: Arc<Cluster>, mode: Mode, services: &[Service], books: B) -> Self {
        let mut sources = Vec::new();
        let mut history = History::default();
        for service in services {
            for partition in 0..service.partition_count() {
                history.batches.insert((service.name(), partition), Vec::new());
                sources.push(Source {
                    service: service.name(),
                    partition,
                    batches: Batches::new(service.name().into(), partition, 0, 0),
                    events: 0,
                    commands: 0,
                });
            }
        }
        Self {
            history,
            books,
            cluster,
            mode,
            sources,
        }
    }

    /// Where commands stand in a topic that nobody has decided yet.
    pub fn undecided(&self) -> impl Iterator<Item = String> {
        self.sources.iter().filter_map(|source| {
            let batches = self.history.of(source.service, source.partition);
            let decided = batches.last().map_or(0, |batch| batch.receipt.commands);
            let (service, partition) = (source.service, source.partition);
            (decided < source.commands).then(|| {
                format!(
                    "{service}/{partition} has decided {decided} of {}",
                    source.commands
                )
            })
        })
    }

    /// Reads what has been committed since, or says what is damaged.
    pub fn catch_up(&mut self) -> Result<(), String> {
        for source in &mut self.sources {
            let (service, partition) = (source.service, source.partition);
            let (new, next) = self
                .cluster
                .committed(&Topic::events(service), partition, source.events);
            source.events = next;
            for (at, stored) in new {
                let Some(batch) = source.batches.push(&stored).map_err(|error| error.to_string())? else {
                    continue;
                };
                for event in &batch.events {
                    self.books.evolve(event)?;
                }
                self.history.deadly |= batch.receipt.messages.iter().any(is_deadly);
                let place = (service, partition);
                self.history.written.entry(place).or_default().push(at);
                self.history.batches.entry(place).or_default().push(batch);
            }
            if self.mode == Mode::Kafka {
                let (new, next) =
                    self.cluster
                        .committed(&Topic::commands(service), partition, source.commands);
                source.commands = next;
                for (at, stored) in new {
                    let resend = Resend::from_record(&stored.record).map_err(|error| error.to_string())?;
                    if resend.is_some() {
                        continue;
                    }
                    let command = Command::from_record(&stored.record).map_err(|error| error.to_string())?;
                    self.history.takes((service, partition), command.meta, at);
                }
            }
        }
        Ok(())
    }
}
