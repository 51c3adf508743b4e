//! The task of one partition: sans I/O. It takes commands and due deadlines, and returns a batch; a runtime
//! carries the batch out on a log and says how that ended. The same task runs on Kafka, on the embedded log
//! and in the simulator.

mod ask;
mod cache;
mod fire;
mod outcome;
mod route;
mod send;
mod step;
mod working;

#[cfg(test)]
mod tests;

pub use cache::{REMEMBERED_FOR, StateError};
pub use step::{Reply, Step, Verdict};

use crate::{
    Batch, BatchError, Batches, Event, Service, Topology,
    plant::{self, Bug},
    receipt::{Channel, Occasion, Outgoing, Receipt, Remembered},
    resend::Resend,
    snapshot::Mark,
    store::{Rows, StateStore},
};
use cache::{Cache, Key};
use interstate_log::{Record, Stored};
use interstate_schemas::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// A clock that is this far behind the last receipt is wrong: deciding by it would poison log time for ever.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(30);
/// A command whose task ended so often after it was begun is dead-lettered.
pub const DEADLY_ATTEMPTS: u32 = 3;

/// What a batch may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of outcomes and messages in one receipt.
    pub receipt: usize,
    /// Messages to the own partition handled in one batch.
    pub local: usize,
    /// Deadlines fired in one batch.
    pub deadlines: usize,
    /// Bytes of one event or message.
    pub record: usize,
    /// Messages that wait to be durable at their targets. Above it commands of the edge are refused: a target that takes
    /// nothing would fill the memory of whoever goes on sending.
    pub unsent: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            receipt: 256 * 1024,
            local: 1000,
            deadlines: 500,
            record: 768 * 1024,
            unsent: 20_000,
        }
    }
}

/// Why a task cannot decide.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TaskError {
    /// Its state cannot be had.
    #[error(transparent)]
    State(#[from] StateError),
    /// The log cannot be read on.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The machine's clock is behind the log.
    #[error(
        "the clock says {clock}, which is behind the log's {log}; set the clock, nothing is decided until then"
    )]
    Clock {
        /// This machine's time.
        clock: Timestamp,
        /// The last receipt's time.
        log: Timestamp,
    },
    /// What a receiver misses cannot be read.
    #[error("what was sent cannot be read again: {0}")]
    Resend(String),
    /// The state cache is ahead of the log: acknowledged batches are missing from it.
    #[error(
        "the log of {partition} ends at sequence {log} and {cached} has been acknowledged; restore it from a copy"
    )]
    LogTooShort {
        /// Which.
        partition: String,
        /// Where the log ends.
        log: u64,
        /// What the cache has seen.
        cached: u64,
    },
}

/// Whether a clock is so far behind the log that nothing can be decided by it.
pub(crate) fn is_behind(clock: Timestamp, log: Timestamp) -> bool {
    clock < log.saturating_sub(CLOCK_TOLERANCE).unwrap_or(Timestamp::MIN)
}

/// One partition's whole memory, and the only one that decides for it.
pub struct Task {
    topology: Topology,
    partition: u32,
    limits: Limits,
    cache: Cache,
    /// Acknowledgements that no receipt holds yet.
    unsaid: BTreeMap<Channel, u64>,
    /// Channels that stand still because a number is missing.
    stopped: BTreeSet<Channel>,
    /// What receivers want to have once more.
    resends: BTreeMap<Channel, u64>,
    /// Commands are decided one at a time up to this position, after an unclean stop.
    careful_until: u64,
    /// For a planted bug: outcomes that the next receipt holds, and not their own.
    unbound: Vec<Remembered>,
}

impl Task {
    /// Opens the partition's cache. Replay what [`Task::next`] and later hold before the first step.
    pub fn open(
        service: Service,
        topology: Topology,
        partition: u32,
        store: Box<dyn StateStore>,
        limits: Limits,
    ) -> Result<Self, TaskError> {
        let cache = Cache::open(service, store)?;
        Ok(Self {
            topology,
            partition,
            limits,
            cache,
            unsaid: BTreeMap::new(),
            stopped: BTreeSet::new(),
            resends: BTreeMap::new(),
            careful_until: 0,
            unbound: Vec::new(),
        })
    }

    /// Throws the cache away: the log is replayed from its beginning.
    pub fn forget(self) -> Result<Self, TaskError> {
        Ok(Self {
            cache: self.cache.forget()?,
            unsaid: BTreeMap::new(),
            stopped: BTreeSet::new(),
            resends: BTreeMap::new(),
            ..self
        })
    }

    /// The offset of `S.events` from which this task has not seen the log.
    pub fn next(&self) -> u64 {
        self.cache.core.next
    }

    /// Puts batches together from where this task is.
    pub fn batches(&self) -> Batches {
        let core = &self.cache.core;
        Batches::new(
            self.service().name().into(),
            self.partition,
            core.sequence,
            core.receipt,
        )
    }

    /// Whether its partition has never had an owner.
    pub fn is_new(&self) -> bool {
        self.cache.core.receipt == 0
    }

    /// The position of `S.commands` up to which everything is decided.
    pub fn position(&self) -> u64 {
        self.cache.core.commands
    }

    /// The last event's sequence.
    pub fn sequence(&self) -> u64 {
        self.cache.core.sequence
    }

    /// The generation of the partitions.
    pub fn incarnation(&self) -> u32 {
        self.cache.core.incarnation
    }

    /// What it decides for.
    pub fn service(&self) -> &Service {
        self.cache.service()
    }

    /// Log time: that of the last receipt.
    pub fn time(&self) -> Timestamp {
        self.cache.core.time
    }

    /// Takes up a batch that stands in the log.
    pub fn replay(&mut self, batch: &Batch) -> Result<(), TaskError> {
        for event in &batch.events {
            self.evolve(event)?;
        }
        self.cache.apply(&batch.receipt, batch.next);
        for parked in &batch.receipt.parked {
            self.cache.park(parked)?;
        }
        if plant::on(Bug::DeadlineLostOnRestart) {
            let now = self.cache.core.time;
            self.cache.deadlines.retain(|(due, _, _)| *due > now);
        }
        Ok(())
    }

    fn evolve(&mut self, event: &Event) -> Result<(), TaskError> {
        let unreadable = |error| StateError::Unreadable {
            what: format!(
                "event {} of {}/{} (sequence {})",
                event.id, event.service, event.partition, event.sequence
            ),
            error,
        };
        let service = self.service().clone();
        let (index, kind) = service
            .kind(&event.aggregate)
            .ok_or_else(|| unreadable(crate::DecodeError::UnknownType(event.aggregate.to_string())))?;
        let key = Key {
            kind: index,
            id: event.subject.clone(),
        };
        if plant::on(Bug::StateOfOlderEpoch) && self.cache.is_stored(&key)? {
            return Ok(());
        }
        let mut entry = self.cache.entry(&key)?.clone();
        kind.evolve(&mut *entry.state, &event.event_type, &event.payload, event.time)
            .map_err(unreadable)?;
        entry.version = event.version;
        entry.deadlines = kind.deadlines(&*entry.state);
        entry.parked.retain(|parked| entry.deadlines.contains(parked));
        self.cache.put(key, entry);
        Ok(())
    }

    /// The receipt that a takeover writes. Where the one before it wrote one at the same position, commands
    /// are decided one at a time for a while; unless that was this same process, which `survived`.
    pub fn takeover(&mut self, now: Timestamp, commands_end: u64, survived: bool) -> Receipt {
        if plant::on(Bug::ChannelCountedAnew) {
            self.cache.core.out.clear();
        }
        let before = if survived { 0 } else { self.cache.core.attempts };
        let attempt = before + 1;
        if attempt > 1 {
            self.careful_until = commands_end.min(self.position() + 500);
        }
        self.control(Occasion::Takeover { attempt }, now)
    }

    /// The receipt to write before the command at the position is decided, where a task has ended there
    /// before. An idle partition may be taken over any number of times: only what was begun counts.
    pub fn try_again(&self, now: Timestamp) -> Option<Receipt> {
        let suspect = self.cache.core.attempts > 1 && !self.position_is_deadly();
        suspect.then(|| self.control(Occasion::Try, now))
    }

    /// Whether the command at the position has killed its task too often.
    pub(crate) fn position_is_deadly(&self) -> bool {
        self.cache.core.tries >= DEADLY_ATTEMPTS
    }

    /// The receipt of an orderly stop.
    pub fn stop(&self, now: Timestamp) -> Receipt {
        self.control(Occasion::Stop, now)
    }

    fn control(&self, occasion: Occasion, now: Timestamp) -> Receipt {
        let core = &self.cache.core;
        Receipt {
            number: core.receipt + 1,
            incarnation: core.incarnation,
            occasion,
            first: core.sequence + 1,
            last: core.sequence,
            time: core.time.max(now),
            commands: core.commands,
            outcomes: Vec::new(),
            messages: Vec::new(),
            sent: Vec::new(),
            received: Vec::new(),
            reactors: Vec::new(),
            pending: core.pending.clone(),
            parked: Vec::new(),
        }
    }

    /// A receipt as the record that closes a batch.
    pub fn record_of(&self, receipt: &Receipt) -> Record {
        receipt.to_record(&format!("{}/{}", self.service().name(), self.partition))
    }

    /// Takes up a control receipt that has become durable.
    pub fn commit_control(&mut self, receipt: &Receipt, next: u64) {
        self.cache.apply(receipt, next);
    }

    /// Whether the clock can be decided by.
    pub fn check_clock(&self, now: Timestamp) -> Result<(), TaskError> {
        let log = self.cache.core.time;
        match is_behind(now, log) {
            true => Err(TaskError::Clock { clock: now, log }),
            false => Ok(()),
        }
    }

    /// Decides commands, in order, and deadlines due by `deadlines`. Nothing of it holds until
    /// [`Task::commit`]; dropping the step undoes it.
    pub fn step(
        &mut self,
        commands: &[Stored],
        deadlines: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Option<Step>, TaskError> {
        self.check_clock(now)?;
        working::decide(self, commands, deadlines, self.cache.core.time.max(now)).map_err(TaskError::from)
    }

    /// Takes up a step that has become durable; `next` is where the log goes on behind it.
    pub fn commit(&mut self, step: Step, next: u64) -> (Vec<Reply>, Vec<Outgoing>) {
        for (channel, number) in &step.receipt.sent {
            if self.unsaid.get(channel) == Some(number) {
                self.unsaid.remove(channel);
            }
        }
        for (key, entry) in step.overlay {
            self.cache.put(key, entry);
        }
        self.cache.apply(&step.receipt, next);
        for outcome in &self.unbound {
            self.cache.remember(outcome.clone());
        }
        (step.replies, step.receipt.messages)
    }

    /// Remembers that messages of a channel are durable at their target; the next receipt says so.
    pub fn acknowledge(&mut self, channel: &Channel, number: u64) {
        self.cache.settle(channel, number);
        self.unsaid.insert(channel.clone(), number);
    }

    /// Messages that are not known to be durable at their target, in order.
    pub fn unsent(&self) -> impl Iterator<Item = &Outgoing> {
        self.cache.outbox.values().flat_map(BTreeMap::values)
    }

    /// How many those are.
    pub fn unsent_count(&self) -> usize {
        self.cache.unsent_count()
    }

    /// The earliest deadline that may still fire.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.cache.deadlines.first().map(|(due, _, _)| *due)
    }

    /// Whether messages to the own partition wait for a step.
    pub fn has_pending(&self) -> bool {
        !self.cache.core.pending.is_empty()
    }

    /// Channels that stand still because a message is missing, with the number that is wanted next.
    pub fn stopped_channels(&self) -> impl Iterator<Item = (&Channel, u64)> {
        self.stopped.iter().map(|channel| {
            (
                channel,
                self.cache.core.received.get(channel).copied().unwrap_or(0) + 1,
            )
        })
    }

    /// A receiver misses messages of a channel; one that was never sent nobody can send again.
    fn note_resend(&mut self, Resend { channel, from }: Resend) {
        let last = self.cache.core.out.get(&channel).copied().unwrap_or(0);
        if from > last {
            tracing::error!(
                ?channel,
                from,
                last,
                "a receiver has seen more of this channel than was sent"
            );
            return;
        }
        tracing::warn!(?channel, from, last, "messages are missing at their receiver");
        let noted = self.resends.entry(channel).or_insert(from);
        *noted = from.min(*noted);
    }

    /// What receivers have asked for since the last call.
    pub fn take_resends(&mut self) -> Vec<Resend> {
        std::mem::take(&mut self.resends)
            .into_iter()
            .map(|(channel, from)| Resend { channel, from })
            .collect()
    }

    /// Writes the cache as of the last receipt.
    pub fn flush(&mut self) -> Result<(), TaskError> {
        Ok(self.cache.flush()?)
    }

    /// Which moment its cache shows once it is written.
    pub(crate) fn mark(&self) -> Mark {
        let core = &self.cache.core;
        Mark {
            service: self.service().name().to_owned(),
            partition: self.partition,
            shape: core.whole_shape(),
            incarnation: core.incarnation,
            receipt: core.receipt,
            time: core.time,
            sequence: core.sequence,
            next: core.next,
        }
    }

    /// The cache's rows as they are written now.
    pub(crate) fn rows(&self) -> Rows {
        self.cache.rows()
    }

    /// Its cache, for something else to be put there.
    pub(crate) fn into_store(self) -> Box<dyn StateStore> {
        self.cache.into_store()
    }

    /// The rows of the cache, to compare with those of a replay.
    pub fn dump(&mut self) -> Result<BTreeMap<String, Vec<u8>>, TaskError> {
        Ok(self.cache.dump()?)
    }
}
