//! A partition's state: aggregates, deadlines, channels and remembered outcomes. All of it follows from the
//! log; what is written to the [`StateStore`] only saves the replay.

use crate::{
    Deadline, DecodeError, Service,
    aggregate::AnyState,
    plant::{self, Bug},
    receipt::{
        Cause, Channel, Occasion, Outgoing, ParkedDeadline, Pending, ReactorSource, Receipt, Remembered,
    },
    store::{Put, Rows, StateStore, StoreError},
};
use interstate_schemas::{CommandId, SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The outcome of a command is remembered for this long, in log time.
pub const REMEMBERED_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Grows when the layout of the rows changes.
const LAYOUT: u32 = 1;
/// Outcomes that a flush clears at least, where so many are old.
const FORGOTTEN_AT_ONCE: usize = 2_000;
/// Aggregates kept in memory a partition; more are read again from the store.
const IN_MEMORY: usize = 20_000;

/// An aggregate within the partition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) kind: u16,
    pub(super) id: String,
}

/// An aggregate's state with what follows from it.
pub(super) struct Entry {
    pub(super) state: Box<dyn AnyState>,
    pub(super) version: u64,
    pub(super) deadlines: Vec<Deadline>,
    /// Deadlines that fired and changed nothing: they do not fire again.
    pub(super) parked: Vec<Deadline>,
    /// The flush in which it was last wanted.
    used: u64,
}

impl Clone for Entry {
    fn clone(&self) -> Self {
        Self {
            state: self.state.boxed_clone(),
            version: self.version,
            deadlines: self.deadlines.clone(),
            parked: self.parked.clone(),
            used: self.used,
        }
    }
}

impl Entry {
    /// Deadlines that may still fire.
    pub(super) fn armed(&self) -> impl Iterator<Item = &Deadline> {
        self.deadlines
            .iter()
            .filter(|deadline| !self.parked.contains(deadline))
    }
}

/// What is known of the partition as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Core {
    layout: u32,
    shape: String,
    pub(super) incarnation: u32,
    pub(super) sequence: u64,
    pub(super) receipt: u64,
    pub(super) time: Timestamp,
    pub(super) commands: u64,
    /// Takeovers in a row at this position of the commands.
    pub(super) attempts: u32,
    /// How often in a row, after such takeovers, the command at this position was begun.
    #[serde(default)]
    pub(super) tries: u32,
    /// Where to go on reading `S.events`.
    pub(super) next: u64,
    pub(super) out: BTreeMap<Channel, u64>,
    pub(super) sent: BTreeMap<Channel, u64>,
    pub(super) received: BTreeMap<Channel, u64>,
    pub(super) reactors: BTreeMap<ReactorSource, Cause>,
    pub(super) pending: Vec<Pending>,
}

impl Core {
    /// What must be the same for rows to be understood.
    pub(super) fn whole_shape(&self) -> String {
        format!("{};{}", self.layout, self.shape)
    }
}

#[derive(Serialize, Deserialize)]
struct Row {
    version: u64,
    #[serde(with = "crate::message::bytes_as_bin")]
    state: Vec<u8>,
    parked: Vec<Deadline>,
}

/// Why the state cannot be had.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StateError {
    /// The local store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event or a cached state cannot be read by this version.
    #[error("{what}: {error}")]
    Unreadable {
        /// Of what.
        what: String,
        /// Why.
        error: DecodeError,
    },
}

/// A deadline as the index has it: when, whose, which.
type DeadlineRow = (Timestamp, Key, String);

pub(super) struct Cache {
    service: Service,
    store: Box<dyn StateStore>,
    entries: HashMap<Key, Entry>,
    pub(super) core: Core,
    pub(super) deadlines: BTreeSet<DeadlineRow>,
    pub(super) outbox: BTreeMap<Channel, BTreeMap<u64, Outgoing>>,
    /// Outcomes that are not in the store yet.
    outcomes: HashMap<CommandId, Remembered>,
    dirty: HashSet<Key>,
    puts: Vec<Put>,
    /// Deadlines whose rows are to be written (true) or removed.
    deadline_rows: HashMap<DeadlineRow, bool>,
    /// Up to which number the waiting messages of a channel are in the store. Most are gone before a flush.
    stored: BTreeMap<Channel, u64>,
    flushes: u64,
    /// Whether anything changed since the last flush.
    changed: bool,
}

impl Cache {
    /// What the store has of the partition, or the empty state where it has nothing that fits.
    pub(super) fn open(service: Service, store: Box<dyn StateStore>) -> Result<Self, StateError> {
        let empty = Core {
            layout: LAYOUT,
            shape: service.shape(),
            incarnation: 1,
            sequence: 0,
            receipt: 0,
            time: Timestamp::UNIX_EPOCH,
            commands: 0,
            attempts: 0,
            tries: 0,
            next: 0,
            out: BTreeMap::new(),
            sent: BTreeMap::new(),
            received: BTreeMap::new(),
            reactors: BTreeMap::new(),
            pending: Vec::new(),
        };
        let found: Option<Core> = store.get(b"c")?.and_then(|row| rmp_serde::from_slice(&row).ok());
        let fits = found.filter(|core| core.layout == LAYOUT && core.shape == empty.shape);
        let mut cache = Self {
            service,
            store,
            entries: HashMap::new(),
            core: empty,
            deadlines: BTreeSet::new(),
            outbox: BTreeMap::new(),
            outcomes: HashMap::new(),
            dirty: HashSet::new(),
            puts: Vec::new(),
            deadline_rows: HashMap::new(),
            stored: BTreeMap::new(),
            flushes: 0,
            changed: false,
        };
        match fits {
            Some(core) => {
                cache.core = core;
                cache.load()?;
            }
            None => cache.store.clear()?,
        }
        Ok(cache)
    }

    /// Gives the state up and starts from the empty one: the log is read from its beginning.
    pub(super) fn forget(self) -> Result<Self, StateError> {
        let Self {
            service, mut store, ..
        } = self;
        store.clear()?;
        Self::open(service, store)
    }

    pub(super) fn rows(&self) -> Rows {
        self.store.rows()
    }

    pub(super) fn into_store(self) -> Box<dyn StateStore> {
        self.store
    }

    fn load(&mut self) -> Result<(), StateError> {
        let deadlines = &mut self.deadlines;
        self.store.scan(b"d", &mut |key, _| {
            deadlines.extend(deadline_of(key));
            true
        })?;
        let (outbox, stored) = (&mut self.outbox, &mut self.stored);
        self.store.scan(b"m", &mut |_, row| {
            if let Ok(message) = rmp_serde::from_slice::<Outgoing>(row) {
                let number = stored.entry(message.channel.clone()).or_default();
                *number = message.number.max(*number);
                outbox
                    .entry(message.channel.clone())
                    .or_default()
                    .insert(message.number, message);
            }
            true
        })?;
        Ok(())
    }

    /// Whether the store has a state of this aggregate, of whatever age.
    pub(super) fn is_stored(&self, key: &Key) -> Result<bool, StateError> {
        Ok(self.store.get(&state_key(key))?.is_some())
    }

    /// The aggregate's entry: from memory, from the store, or a new one.
    pub(super) fn entry(&mut self, key: &Key) -> Result<&mut Entry, StateError> {
        let used = self.flushes;
        if !self.entries.contains_key(key) {
            let entry = self.stored(key)?;
            self.entries.insert(key.clone(), entry);
        }
        let entry = self.entries.get_mut(key).expect("it was just put there");
        entry.used = used;
        Ok(entry)
    }

    fn stored(&self, key: &Key) -> Result<Entry, StateError> {
        let kind = self.service.kind_at(key.kind);
        let Some(row) = self.store.get(&state_key(key))? else {
            let state = kind.initial();
            let deadlines = kind.deadlines(&*state);
            return Ok(Entry {
                state,
                version: 0,
                deadlines,
                parked: Vec::new(),
                used: self.flushes,
            });
        };
        let unreadable = |error| StateError::Unreadable {
            what: format!("the cached {} {}", kind.name(), key.id),
            error,
        };
        let row: Row = rmp_serde::from_slice(&row).map_err(|error| {
            unreadable(DecodeError::Malformed {
                kind: kind.name().to_owned(),
                why: error.to_string(),
            })
        })?;
        let state = kind.decode(&row.state).map_err(unreadable)?;
        let deadlines = kind.deadlines(&*state);
        Ok(Entry {
            state,
            version: row.version,
            deadlines,
            parked: row.parked,
            used: self.flushes,
        })
    }

    /// Takes up an aggregate's new entry and keeps the deadlines' index in step.
    pub(super) fn put(&mut self, key: Key, mut entry: Entry) {
        entry.used = self.flushes;
        if let Some(old) = self.entries.get(&key) {
            for deadline in old.armed() {
                let row = (deadline.due, key.clone(), deadline.name.clone().into_owned());
                if !entry.armed().any(|armed| armed == deadline) && self.deadlines.remove(&row) {
                    toggle(&mut self.deadline_rows, row, false);
                }
            }
        }
        for deadline in entry.armed() {
            let row = (deadline.due, key.clone(), deadline.name.clone().into_owned());
            if self.deadlines.insert(row.clone()) {
                toggle(&mut self.deadline_rows, row, true);
            }
        }
        self.dirty.insert(key.clone());
        self.entries.insert(key, entry);
    }

    /// Takes up everything that a receipt says besides states; `next` is where the log goes on behind it.
    pub(super) fn apply(&mut self, receipt: &Receipt, next: u64) {
        let core = &mut self.core;
        core.incarnation = receipt.incarnation;
        core.sequence = receipt.last;
        core.receipt = receipt.number;
        core.time = core.time.max(receipt.time);
        core.next = next;
        core.attempts = match receipt.occasion {
            Occasion::Takeover { attempt } => attempt,
            Occasion::Try => core.attempts,
            // Nothing but deadlines: the command at the position is still untried.
            Occasion::Batch if receipt.commands == core.commands && receipt.takes_nothing() => core.attempts,
            Occasion::Batch | Occasion::Stop => 0,
        };
        core.tries = match receipt.occasion {
            Occasion::Try => core.tries + 1,
            _ if core.attempts <= 1 => 0,
            _ => core.tries,
        };
        core.commands = receipt.commands;
        core.received.extend(receipt.received.iter().cloned());
        core.reactors.extend(receipt.reactors.iter().cloned());
        core.pending.clone_from(&receipt.pending);
        for message in &receipt.messages {
            core.out.insert(message.channel.clone(), message.number);
            // A restored log gives back what had been sent: a flush, which goes on behind the last number that it wrote,
            // would leave it out.
            if self.stored.get(&message.channel) >= Some(&message.number) {
                self.puts.push(message_row(message));
            }
            self.outbox
                .entry(message.channel.clone())
                .or_default()
                .insert(message.number, message.clone());
        }
        for (channel, number) in &receipt.sent {
            self.settle(channel, *number);
        }
        for outcome in &receipt.outcomes {
            let id = match plant::on(Bug::ReplyUnderWrongKey) {
                true => receipt.outcomes[0].id,
                false => outcome.id,
            };
            self.outcomes.insert(id, outcome.clone());
        }
        self.changed = true;
    }

    /// Forgets messages that are durable at their target.
    pub(super) fn settle(&mut self, channel: &Channel, number: u64) {
        let sent = self.core.sent.entry(channel.clone()).or_default();
        *sent = number.max(*sent);
        let stored = self.stored.get(channel).copied().unwrap_or(0);
        if let Some(waiting) = self.outbox.get_mut(channel) {
            let rest = waiting.split_off(&(number + 1));
            for number in std::mem::replace(waiting, rest).into_keys() {
                if number <= stored {
                    self.puts.push((message_key(channel, number), None));
                }
            }
        }
        self.changed = true;
    }

    /// Parks a deadline on replay, as the live task did.
    pub(super) fn park(&mut self, parked: &ParkedDeadline) -> Result<(), StateError> {
        if let Some((kind, _)) = self.service.kind(&parked.aggregate) {
            let key = Key {
                kind,
                id: parked.id.clone(),
            };
            let mut entry = self.entry(&key)?.clone();
            // A later event of the same batch may have taken it away.
            if entry.deadlines.contains(&parked.deadline) {
                entry.parked.push(parked.deadline.clone());
                self.put(key, entry);
            }
        }
        Ok(())
    }

    /// Remembers what became of a command before a receipt says so.
    pub(super) fn remember(&mut self, outcome: Remembered) {
        self.outcomes.insert(outcome.id, outcome);
    }

    /// What became of a command, when it is still remembered.
    pub(super) fn remembered(&self, id: CommandId, now: Timestamp) -> Result<Option<Remembered>, StateError> {
        let found = match self.outcomes.get(&id) {
            Some(outcome) => Some(outcome.clone()),
            None => self
                .store
                .get(&outcome_key(id))?
                .and_then(|row| rmp_serde::from_slice::<Remembered>(&row).ok()),
        };
        Ok(found.filter(|outcome| now.duration_since(outcome.time) < REMEMBERED_FOR))
    }

    /// Writes what has changed, as of the last receipt, and lets go of what memory need not hold.
    pub(super) fn flush(&mut self) -> Result<(), StateError> {
        if !self.changed {
            return Ok(());
        }
        let mut puts = std::mem::take(&mut self.puts);
        for ((due, key, name), armed) in self.deadline_rows.drain() {
            let row = deadline_key(&key, &Deadline::new(name, due));
            puts.push((row, armed.then(Vec::new)));
        }
        for (channel, waiting) in &self.outbox {
            let stored = self.stored.entry(channel.clone()).or_default();
            for (number, message) in waiting.range(*stored + 1..) {
                puts.push(message_row(message));
                *stored = *number;
            }
        }
        for key in self.dirty.drain() {
            let Some(entry) = self.entries.get(&key) else {
                continue;
            };
            let state = self.service.kind_at(key.kind).encode(&*entry.state);
            let row = Row {
                version: entry.version,
                state,
                parked: entry.parked.clone(),
            };
            puts.push((
                state_key(&key),
                Some(rmp_serde::to_vec_named(&row).expect("a row is plain data")),
            ));
        }
        self.forget_outcomes(&mut puts)?;
        for (id, outcome) in self.outcomes.drain() {
            puts.push((
                outcome_key(id),
                Some(rmp_serde::to_vec_named(&outcome).expect("an outcome is plain data")),
            ));
            puts.push((expiry_key(outcome.time, id), Some(Vec::new())));
        }
        puts.push((
            b"c".to_vec(),
            Some(rmp_serde::to_vec_named(&self.core).expect("the core is plain data")),
        ));
        self.store.write(puts)?;
        self.changed = false;
        self.flushes += 1;
        if self.entries.len() > IN_MEMORY {
            let recent = self.flushes.saturating_sub(2);
            self.entries.retain(|_, entry| entry.used >= recent);
        }
        Ok(())
    }

    /// Clears what is remembered for longer than a day, faster than more of it comes.
    fn forget_outcomes(&self, puts: &mut Vec<Put>) -> Result<(), StateError> {
        let time = self.core.time.saturating_sub(REMEMBERED_FOR);
        let cutoff = sortable(time.unwrap_or(Timestamp::MIN));
        let most = FORGOTTEN_AT_ONCE.max(2 * self.outcomes.len());
        let mut old = Vec::new();
        self.store.scan(b"x", &mut |key, _| {
            let is_old = old.len() < most && key.get(1..9).is_some_and(|time| *time <= cutoff[..]);
            if is_old {
                old.push(key.to_vec());
            }
            is_old
        })?;
        for key in old {
            let outcome = [b"o", &key[9..]].concat();
            let stored = self.store.get(&outcome)?;
            let stored = stored.and_then(|row| rmp_serde::from_slice::<Remembered>(&row).ok());
            // A command that came again after its day was decided anew, and is remembered for a day from then.
            let is_anew = stored.is_some_and(|stored| {
                sortable(stored.time)[..] != key[1..9] || self.outcomes.contains_key(&stored.id)
            });
            if !is_anew {
                puts.push((outcome, None));
            }
            puts.push((key, None));
        }
        Ok(())
    }

    /// Every row but what this cache alone keeps: states, deadlines, outcomes, to compare a cache with a replay.
    pub(super) fn dump(&mut self) -> Result<BTreeMap<String, Vec<u8>>, StateError> {
        self.flush()?;
        let mut rows = BTreeMap::new();
        self.store.scan(b"", &mut |key, value| {
            if !matches!(key.first(), Some(b'm' | b'c')) {
                rows.insert(String::from_utf8_lossy(key).into_owned(), value.to_vec());
            }
            true
        })?;
        Ok(rows)
    }

    /// Messages that are not known to be durable at their target.
    pub(super) fn unsent_count(&self) -> usize {
        self.outbox.values().map(BTreeMap::len).sum()
    }

    /// The service whose aggregates these are.
    pub(super) fn service(&self) -> &Service {
        &self.service
    }
}

/// Notes a change of a row; a change and its reverse between two flushes leave nothing to write.
fn toggle(rows: &mut HashMap<DeadlineRow, bool>, row: DeadlineRow, armed: bool) {
    if rows.get(&row) == Some(&!armed) {
        rows.remove(&row);
    } else {
        rows.insert(row, armed);
    }
}

fn state_key(key: &Key) -> Vec<u8> {
    [b"s", &key.kind.to_be_bytes()[..], key.id.as_bytes()].concat()
}

fn outcome_key(id: CommandId) -> Vec<u8> {
    [b"o", &id.ulid().0.to_be_bytes()[..]].concat()
}

fn expiry_key(time: Timestamp, id: CommandId) -> Vec<u8> {
    [b"x", &sortable(time)[..], &id.ulid().0.to_be_bytes()[..]].concat()
}

fn message_row(message: &Outgoing) -> Put {
    let row = rmp_serde::to_vec_named(message).expect("a message is plain data");
    (message_key(&message.channel, message.number), Some(row))
}

fn message_key(channel: &Channel, number: u64) -> Vec<u8> {
    let (incarnation, partition) = (channel.incarnation.to_be_bytes(), channel.partition.to_be_bytes());
    [
        b"m",
        &incarnation[..],
        channel.service.as_bytes(),
        b"/",
        &partition[..],
        &number.to_be_bytes()[..],
    ]
    .concat()
}

fn deadline_key(key: &Key, deadline: &Deadline) -> Vec<u8> {
    let kind = key.kind.to_be_bytes();
    [
        b"d",
        &sortable(deadline.due)[..],
        &kind[..],
        key.id.as_bytes(),
        b"\0",
        deadline.name.as_bytes(),
    ]
    .concat()
}

fn deadline_of(row: &[u8]) -> Option<(Timestamp, Key, String)> {
    let due = unsorted(row.get(1..9)?.try_into().ok()?)?;
    let kind = u16::from_be_bytes(row.get(9..11)?.try_into().ok()?);
    let (id, name) = std::str::from_utf8(row.get(11..)?).ok()?.split_once('\0')?;
    Some((
        due,
        Key {
            kind,
            id: id.to_owned(),
        },
        name.to_owned(),
    ))
}

/// Nanoseconds since 1970, whose bytes sort as the times do.
fn sortable(time: Timestamp) -> [u8; 8] {
    let nanos = i64::try_from(time.as_nanosecond()).unwrap_or(if time < Timestamp::UNIX_EPOCH {
        i64::MIN
    } else {
        i64::MAX
    });
    ((nanos as u64) ^ (1 << 63)).to_be_bytes()
}

fn unsorted(bytes: [u8; 8]) -> Option<Timestamp> {
    let nanos = (u64::from_be_bytes(bytes) ^ (1 << 63)) as i64;
    Timestamp::from_nanosecond(i128::from(nanos)).ok()
}
