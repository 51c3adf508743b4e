//! One partition as the brokers have it: records, open transactions, markers, and who may write.

use super::story;
use crate::sim::{Sim, lock};
use interstate_log::{Chunk, Record, Stored};
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, futures::Notified};

/// A transaction that nobody has ended is aborted after this.
const TRANSACTION_TIMEOUT: u64 = 5_000_000_000;

enum Entry {
    Committed(u64, Record),
    Open(u64, Record),
    /// A marker or a record of an aborted transaction: an offset without a record.
    Nothing,
}

/// How far a transaction is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Transaction {
    None,
    /// Being written; a number tells it from the next.
    Open(u64),
    /// The coordinator has decided to commit it, and has not written so yet.
    Prepared(u64),
}

struct State {
    entries: Vec<Entry>,
    epoch: u64,
    transaction: Transaction,
    count: u64,
}

pub(super) struct Partition {
    sim: Sim,
    name: String,
    state: Mutex<State>,
    changed: Notify,
}

/// The writer is not the writer any more.
pub(super) struct Fenced;

impl Partition {
    pub(super) fn new(sim: &Sim, name: String) -> Arc<Self> {
        Arc::new(Self {
            sim: sim.clone(),
            name,
            state: Mutex::new(State {
                entries: Vec::new(),
                epoch: 0,
                transaction: Transaction::None,
                count: 0,
            }),
            changed: Notify::new(),
        })
    }

    /// The next change; those who wait for it hear of it in the order in which they began to.
    pub(super) fn next_change(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Tells what is about to be committed.
    fn tell(&self, state: &State) {
        if self.sim.is_told() {
            let open = state.entries.iter().filter_map(|entry| match entry {
                Entry::Open(_, record) => Some(record),
                _ => None,
            });
            self.tell_of(open);
        }
    }

    fn tell_of<'r>(&self, records: impl Iterator<Item = &'r Record>) {
        for line in story::lines(records) {
            self.sim.tell(|| format!("{}: {line}", self.name));
        }
    }

    fn changed(&self) {
        self.changed.notify_waiters();
    }

    pub(super) fn end(&self) -> u64 {
        lock(&self.state).entries.len() as u64
    }

    /// Appends outside of transactions; its offset.
    pub(super) fn append(&self, record: Record) -> u64 {
        self.sim.note(&record.payload);
        let now = self.sim.now();
        let offset = {
            let mut state = lock(&self.state);
            state.entries.push(Entry::Committed(now, record));
            state.entries.len() as u64 - 1
        };
        self.changed();
        offset
    }

    /// Fences every earlier writer and resolves what it left open; the epoch of the new one.
    pub(super) fn fence(&self) -> u64 {
        let mut state = lock(&self.state);
        match state.transaction {
            Transaction::None => {}
            Transaction::Open(_) => state.resolve(false),
            Transaction::Prepared(_) => {
                self.tell(&state);
                state.resolve(true);
            }
        }
        state.epoch += 1;
        let epoch = state.epoch;
        drop(state);
        self.changed();
        epoch
    }

    /// Begins a transaction that ends by itself after a while.
    pub(super) fn begin(self: &Arc<Self>, epoch: u64) -> Result<(), Fenced> {
        let mut state = lock(&self.state);
        state.check(epoch)?;
        state.count += 1;
        let own = Transaction::Open(state.count);
        state.transaction = own;
        drop(state);
        let partition = self.clone();
        self.sim.call_at(self.sim.now() + TRANSACTION_TIMEOUT, move || {
            let mut state = lock(&partition.state);
            if state.transaction == own {
                state.resolve(false);
                state.epoch += 1;
                drop(state);
                partition.changed();
            }
        });
        Ok(())
    }

    /// Writes into the open transaction.
    pub(super) fn write(&self, epoch: u64, records: impl IntoIterator<Item = Record>) -> Result<(), Fenced> {
        let now = self.sim.now();
        let mut state = lock(&self.state);
        state.check(epoch)?;
        for record in records {
            self.sim.note(&record.payload);
            state.entries.push(Entry::Open(now, record));
        }
        Ok(())
    }

    /// Ends the open transaction; the offset behind its last record.
    pub(super) fn finish(&self, epoch: u64, commit: bool) -> Result<u64, Fenced> {
        let mut state = lock(&self.state);
        state.check(epoch)?;
        let end = state.entries.len() as u64;
        if commit {
            self.tell(&state);
        }
        state.resolve(commit);
        drop(state);
        self.changed();
        Ok(end)
    }

    /// The coordinator has the commit, and carries it out after a while or when it must.
    pub(super) fn prepare(self: &Arc<Self>, epoch: u64, after: u64) -> Result<(), Fenced> {
        let mut state = lock(&self.state);
        state.check(epoch)?;
        let own = Transaction::Prepared(state.count);
        state.transaction = own;
        drop(state);
        let partition = self.clone();
        self.sim.call_at(self.sim.now() + after, move || {
            let mut state = lock(&partition.state);
            if state.transaction == own {
                partition.tell(&state);
                state.resolve(true);
                drop(state);
                partition.changed();
            }
        });
        Ok(())
    }

    /// A whole batch at once, without transactions; the offset behind it.
    pub(super) fn write_at_once(&self, epoch: u64, records: Vec<Record>) -> Result<u64, Fenced> {
        lock(&self.state).check(epoch)?;
        if self.sim.is_told() {
            self.tell_of(records.iter());
        }
        for record in records {
            self.append(record);
        }
        Ok(self.end())
    }

    /// What is committed and behind no open transaction.
    pub(super) fn read(&self, from: u64, max: usize) -> Chunk {
        let state = lock(&self.state);
        let mut chunk = Chunk {
            records: Vec::new(),
            next: from,
        };
        for entry in state.entries.iter().skip(from as usize) {
            if chunk.records.len() == max {
                break;
            }
            match entry {
                Entry::Open(..) => break,
                Entry::Nothing => {}
                Entry::Committed(_, record) => chunk.records.push(Stored {
                    offset: chunk.next,
                    record: record.clone(),
                }),
            }
            chunk.next += 1;
        }
        chunk
    }

    /// What is committed from an offset on and behind no open transaction, and the offset behind it.
    pub(super) fn committed(&self, from: u64) -> (Vec<(u64, Stored)>, u64) {
        let state = lock(&self.state);
        let (mut found, mut offset) = (Vec::new(), from);
        for entry in state.entries.iter().skip(from as usize) {
            match entry {
                Entry::Open(..) => break,
                Entry::Nothing => {}
                Entry::Committed(at, record) => {
                    let record = record.clone();
                    found.push((*at, Stored { offset, record }));
                }
            }
            offset += 1;
        }
        (found, offset)
    }
}

impl State {
    fn check(&self, epoch: u64) -> Result<(), Fenced> {
        if self.epoch == epoch { Ok(()) } else { Err(Fenced) }
    }

    fn resolve(&mut self, commit: bool) {
        for entry in self.entries.iter_mut().rev() {
            match std::mem::replace(entry, Entry::Nothing) {
                Entry::Open(at, record) if commit => *entry = Entry::Committed(at, record),
                Entry::Open(..) => {}
                other => {
                    *entry = other;
                    break;
                }
            }
        }
        self.entries.push(Entry::Nothing);
        self.transaction = Transaction::None;
    }
}
