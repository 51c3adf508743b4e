//! Group commit: one thread writes for everybody, and syncs once for all that waits.

use super::{Partition, room::Room, store::Store};
use crate::{AppendError, LogError, Record, Stored, codec};
use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};
use tokio::sync::{mpsc, oneshot};

/// Batches that may wait for the thread.
const WAITING: usize = 4096;
/// Records that one sync takes.
const RECORDS: usize = 20_000;

/// Who hears what became of a write.
pub(super) enum Done {
    /// A writer of batches, who goes on from their end.
    Writer(oneshot::Sender<Result<u64, AppendError>>),
    /// Who sent a single record.
    Sender(oneshot::Sender<Result<(), LogError>>),
}

impl Done {
    fn tell(self, outcome: Result<u64, AppendError>) {
        // Nobody listens any more: the write stands all the same.
        match self {
            Self::Writer(done) => drop(done.send(outcome)),
            Self::Sender(done) => drop(done.send(match outcome {
                Ok(_) => Ok(()),
                Err(AppendError::Aborted(error) | AppendError::Unknown(error)) => Err(error),
                Err(AppendError::Fenced) => Err(LogError::Closed),
            })),
        }
    }
}

/// Records for one partition, with whom to tell.
pub(super) struct Write {
    place: Arc<Partition>,
    /// The writer's epoch; nothing for topics without a single writer.
    epoch: Option<u64>,
    records: Vec<Record>,
    /// The same as they lie in the store: encoding is the writers' work, side by side.
    encoded: Vec<Vec<u8>>,
    done: Done,
}

impl Write {
    pub(super) fn new(place: Arc<Partition>, epoch: Option<u64>, records: Vec<Record>, done: Done) -> Self {
        let encoded = records.iter().map(codec::encode).collect();
        Self {
            place,
            epoch,
            records,
            encoded,
            done,
        }
    }
}

enum Work {
    Write(Write),
    Settle(Arc<Partition>, oneshot::Sender<Result<(), LogError>>),
}

/// The hand that reaches the thread. The thread ends with the last of them.
#[derive(Clone)]
pub(super) struct Committer {
    work: mpsc::Sender<Work>,
}

impl Committer {
    pub(super) fn start(store: Arc<Store>, room: Arc<Room>) -> Result<Self, LogError> {
        let (work, inbox) = mpsc::channel(WAITING);
        std::thread::Builder::new()
            .name("log-committer".to_owned())
            .spawn(move || run(&store, inbox, &room))
            .map_err(|error| LogError::Other(format!("no thread for the log: {error}")))?;
        Ok(Self { work })
    }

    pub(super) async fn send(&self, write: Write) -> Result<(), LogError> {
        self.work
            .send(Work::Write(write))
            .await
            .map_err(|_| LogError::Closed)
    }

    pub(super) fn try_send(&self, write: Write) -> Result<(), LogError> {
        self.work
            .try_send(Work::Write(write))
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => LogError::Overloaded("the log".to_owned()),
                mpsc::error::TrySendError::Closed(_) => LogError::Closed,
            })
    }

    /// Returns once everything handed over before has an outcome, and the partition's end is what the files say.
    pub(super) async fn settle(&self, place: Arc<Partition>) -> Result<(), LogError> {
        let (done, settled) = oneshot::channel();
        self.work
            .send(Work::Settle(place, done))
            .await
            .map_err(|_| LogError::Closed)?;
        settled.await.map_err(|_| LogError::Closed)?
    }
}

fn run(store: &Store, mut inbox: mpsc::Receiver<Work>, room: &Room) {
    while let Some(first) = inbox.blocking_recv() {
        let (mut writes, mut settling, mut records) = (Vec::new(), Vec::new(), 0);
        let mut next = Some(first);
        while let Some(work) = next {
            match work {
                Work::Write(write) => {
                    records += write.records.len();
                    writes.push(write);
                }
                Work::Settle(place, done) => settling.push((place, done)),
            }
            next = if records < RECORDS {
                inbox.try_recv().ok()
            } else {
                None
            };
        }
        commit(store, writes, room);
        for (place, done) in settling {
            let _ = done.send(refresh(store, &place));
        }
        store.sync_marks();
    }
}

fn commit(store: &Store, writes: Vec<Write>, room: &Room) {
    let free = room.check();
    let mut accepted = Vec::with_capacity(writes.len());
    for write in writes {
        match admit(store, &write, &free) {
            Ok(()) => accepted.push(write),
            Err(error) => write.done.tell(Err(error)),
        }
    }
    if accepted.is_empty() {
        return;
    }
    let mut ends: HashMap<u32, u64> = HashMap::new();
    let starts: Vec<u64> = accepted
        .iter()
        .map(|write| {
            let end = ends
                .entry(write.place.id)
                .or_insert_with(|| write.place.tail.end());
            let start = *end;
            *end += write.records.len() as u64;
            start
        })
        .collect();
    let rows = accepted.iter().zip(&starts).flat_map(|(write, start)| {
        (*start..)
            .zip(&write.encoded)
            .map(|(offset, bytes)| (write.place.id, offset, &bytes[..]))
    });
    match store.write(rows) {
        Ok(()) => {
            store.mark(&ends);
            for (write, start) in accepted.into_iter().zip(starts) {
                let end = start + write.records.len() as u64;
                let stored = (start..).zip(write.records);
                let stored = stored.map(|(offset, record)| Stored { offset, record });
                write.place.tail.extend(stored);
                write.done.tell(Ok(end));
            }
        }
        Err(error) => fail(store, accepted, &room.why_failed(error)),
    }
}

/// Whether a batch may be written at all. Nothing of a refused one has touched the files.
fn admit(store: &Store, write: &Write, free: &Result<(), LogError>) -> Result<(), AppendError> {
    let current = write.place.epoch.load(Ordering::SeqCst);
    if write.epoch.is_some_and(|epoch| epoch != current) {
        return Err(AppendError::Fenced);
    }
    free.clone()
        .and_then(|()| refresh(store, &write.place))
        .map_err(AppendError::Aborted)
}

/// A write that failed may stand in the journal or not: the database is opened again, which settles it, and
/// the writers replay. Their epoch ends here, so that none of them goes on without having looked.
fn fail(store: &Store, writes: Vec<Write>, error: &LogError) {
    tracing::error!(%error, "a write to the log failed; opening it again");
    store.reset();
    for write in &writes {
        write.place.epoch.fetch_add(1, Ordering::SeqCst);
        write.place.stale.store(true, Ordering::SeqCst);
    }
    for write in writes {
        // Where the files cannot be read yet the partition stays stale, and refuses all until they can.
        if let Err(error) = refresh(store, &write.place) {
            tracing::error!(%error, "the log cannot be opened again yet");
        }
        write.done.tell(Err(AppendError::Unknown(error.clone())));
    }
}

/// After a failure: takes the partition's end from the files.
fn refresh(store: &Store, place: &Partition) -> Result<(), LogError> {
    if place.stale.load(Ordering::SeqCst) {
        place.tail.reload(store.end(place.id)?);
        place.stale.store(false, Ordering::SeqCst);
    }
    Ok(())
}
