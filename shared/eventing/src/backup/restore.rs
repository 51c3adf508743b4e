//! Makes a log of a copy.

use super::{
    BackupError, Copied, CopiedTopic, Manifest,
    file::{In, digest},
    manifest::{dead_letters, file},
};
use crate::{
    Service,
    receipt::{Channel, Occasion, Outgoing, Receipt},
    runtime::topics,
    task::Limits,
};
use interstate_log::{AppendError, Log, LogError, PartitionId, Record, Topic, TopicSpec, Writer};
use interstate_schemas::Timestamp;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Records that are written at once, about.
const BATCH: usize = 1_000;
/// And bytes: a transaction is no larger than the brokers like it.
const BATCH_BYTES: usize = 768 * 1024;

/// Fills an empty log with what a folder holds, and begins a new incarnation of it. Nobody may run services on it
/// meanwhile. `tell` hears of each partition that is done, with its records.
///
/// # Errors
/// The folder holds no finished copy, or a damaged one; the log is not empty, or has other partitions. Up to here nothing
/// was written. Where the log fails while it is filled, begin again with an empty one.
pub async fn restore(
    log: &dyn Log,
    services: &[Service],
    folder: &Path,
    tell: impl Fn(&PartitionId, u64) + Send,
) -> Result<Manifest, BackupError> {
    let manifest = Manifest::read(folder)?;
    same_partitions(&manifest, services)?;
    whole(&manifest, folder)?;
    let specs: Vec<TopicSpec> = services
        .iter()
        .flat_map(|service| topics(service.name(), service.partition_count()))
        .collect();
    log.ensure(&specs).await?;
    empty(log, &manifest).await?;
    let taken = Taken::of(&manifest);
    let mut last = Vec::new();
    for copied in &manifest.partitions {
        let found = refill(log, copied, folder, &taken).await?;
        tell(&copied.id(), copied.records);
        last.push(found);
    }
    // All partitions begin the same incarnation, at one time of the log.
    let incarnation = last
        .iter()
        .filter_map(|last| Some(last.receipt.as_ref()?.incarnation))
        .max();
    let time = last
        .iter()
        .filter_map(|last| Some(last.receipt.as_ref()?.time))
        .max();
    for last in last {
        close(
            last,
            incarnation.unwrap_or(0) + 1,
            time.unwrap_or(Timestamp::UNIX_EPOCH),
        )
        .await?;
    }
    for letters in &manifest.dead_letters {
        resend(log, letters, folder).await?;
    }
    Ok(manifest)
}

fn same_partitions(manifest: &Manifest, services: &[Service]) -> Result<(), BackupError> {
    let mut found = BTreeMap::<&str, u32>::new();
    for copied in &manifest.partitions {
        *found.entry(&copied.service).or_default() += 1;
    }
    let own = services.iter().filter(|service| !service.only_reads());
    let wanted = own
        .map(|service| (service.name(), service.partition_count()))
        .collect();
    if found == wanted {
        return Ok(());
    }
    let list = |counts: &BTreeMap<&str, u32>| {
        let each = counts.iter().map(|(service, count)| format!("{service} {count}"));
        each.collect::<Vec<_>>().join(", ")
    };
    Err(BackupError::Partitions {
        found: list(&found),
        wanted: list(&wanted),
    })
}

/// Checks that every file is what was written.
fn whole(manifest: &Manifest, folder: &Path) -> Result<(), BackupError> {
    let events = manifest.partitions.iter().map(|copied| {
        let path = file(folder, &Topic::events(copied.service.clone()), copied.partition);
        (path, &copied.sha256)
    });
    let letters = manifest.dead_letters.iter().map(|copied| {
        let path = file(folder, &dead_letters(&copied.service), copied.partition);
        (path, &copied.sha256)
    });
    for (path, sha256) in events.chain(letters) {
        let found = digest(&path)?;
        if found != *sha256 {
            return Err(BackupError::Damaged {
                path,
                why: format!("its SHA-256 is {found}, and {sha256} was written"),
            });
        }
    }
    Ok(())
}

/// Checks that nothing stands in the log.
async fn empty(log: &dyn Log, manifest: &Manifest) -> Result<(), BackupError> {
    for copied in &manifest.partitions {
        let service = copied.service.clone();
        let mut topics = vec![Topic::events(service.clone()), dead_letters(&service)];
        if log.commands_are_durable() {
            topics.push(Topic::commands(service));
        }
        for topic in topics {
            if log.end(&topic, copied.partition).await? > 0 {
                return Err(BackupError::Filled {
                    topic: topic.to_string(),
                    partition: copied.partition,
                });
            }
        }
    }
    Ok(())
}

/// What each partition has taken of each channel that leads to it.
struct Taken(BTreeMap<(PartitionId, Channel), u64>);

impl Taken {
    fn of(manifest: &Manifest) -> Self {
        let each = manifest.partitions.iter().flat_map(|copied| {
            let taken = copied.taken.iter();
            taken.map(|(channel, number)| ((copied.id(), channel.clone()), *number))
        });
        Self(each.collect())
    }

    /// Whether the receiver of a message that `sender` has sent has it.
    fn has(&self, sender: &PartitionId, message: &Outgoing) -> bool {
        let to = PartitionId::new(message.channel.service.clone(), message.channel.partition);
        let channel = Channel {
            incarnation: message.channel.incarnation,
            service: sender.service.clone(),
            partition: sender.index,
        };
        self.0
            .get(&(to, channel))
            .is_some_and(|taken| *taken >= message.number)
    }
}

/// A partition that is filled and not closed.
struct Filled {
    id: PartitionId,
    writer: Box<dyn Writer>,
    receipt: Option<Receipt>,
    /// Messages that their receivers do not have, in the order in which they were sent.
    outstanding: Vec<Outgoing>,
}

async fn refill(log: &dyn Log, copied: &Copied, folder: &Path, taken: &Taken) -> Result<Filled, BackupError> {
    let id = copied.id();
    let path = file(folder, &Topic::events(id.service.clone()), id.index);
    let mut filled = Filled {
        writer: log.take_over(&id).await?,
        receipt: None,
        outstanding: Vec::new(),
        id,
    };
    let mut records = In::open(&path)?;
    let (mut batch, mut bytes) = (Vec::new(), 0);
    while let Some(record) = records.next()? {
        bytes += record.size();
        let receipt = Receipt::from_record(&record).map_err(|error| damaged(&path, &error))?;
        batch.push(record);
        let Some(receipt) = receipt else { continue };
        filled.note(receipt, taken);
        if batch.len() >= BATCH || bytes >= BATCH_BYTES {
            filled.append(std::mem::take(&mut batch)).await?;
            bytes = 0;
        }
    }
    filled.append(batch).await?;
    Ok(filled)
}

fn damaged(path: &Path, why: &dyn std::fmt::Display) -> BackupError {
    BackupError::Damaged {
        path: PathBuf::from(path),
        why: why.to_string(),
    }
}

impl Filled {
    fn note(&mut self, mut receipt: Receipt, taken: &Taken) {
        let messages = std::mem::take(&mut receipt.messages).into_iter();
        // A dead letter that is durable is among the dead letters, and one that is not is still to be sent.
        let wanted = messages.filter(|message| message.dead.is_none() && !taken.has(&self.id, message));
        self.outstanding.extend(wanted);
        receipt.outcomes.clear();
        self.receipt = Some(receipt);
    }

    async fn append(&mut self, batch: Vec<Record>) -> Result<(), BackupError> {
        if batch.is_empty() {
            return Ok(());
        }
        match self.writer.append(batch).await {
            Ok(_) => Ok(()),
            Err(AppendError::Aborted(error) | AppendError::Unknown(error)) => Err(error.into()),
            Err(AppendError::Fenced) => Err(BackupError::Contended(self.id.to_string())),
        }
    }
}

/// Begins the new incarnation of a partition: its commands begin anew, and what has not arrived is to be sent again.
async fn close(mut filled: Filled, incarnation: u32, time: Timestamp) -> Result<(), BackupError> {
    let last = filled.receipt.as_ref();
    let (mut number, sequence) = last.map_or((0, 0), |last| (last.number, last.last));
    let pending = last.map(|last| last.pending.clone()).unwrap_or_default();
    let key = filled.id.to_string();
    let mut outstanding = std::mem::take(&mut filled.outstanding).into_iter().peekable();
    loop {
        let (mut messages, mut bytes) = (Vec::new(), 0);
        while bytes < Limits::default().receipt
            && let Some(message) = outstanding.next()
        {
            bytes += message.payload.len() + 256;
            messages.push(message);
        }
        number += 1;
        let receipt = Receipt {
            number,
            incarnation,
            occasion: Occasion::Stop,
            first: sequence + 1,
            last: sequence,
            time,
            commands: 0,
            outcomes: Vec::new(),
            messages,
            sent: Vec::new(),
            received: Vec::new(),
            reactors: Vec::new(),
            pending: pending.clone(),
            parked: Vec::new(),
        };
        filled.append(vec![receipt.to_record(&key)]).await?;
        if outstanding.peek().is_none() {
            return Ok(());
        }
    }
}

async fn resend(log: &dyn Log, letters: &CopiedTopic, folder: &Path) -> Result<(), BackupError> {
    let topic = dead_letters(&letters.service);
    let mut records = In::open(&file(folder, &topic, letters.partition))?;
    let mut sender = log.sender(&topic).await?;
    while let Some(record) = records.next()? {
        let delivery = sender.send(letters.partition, record).await?;
        delivery.await.unwrap_or(Err(LogError::Closed))?;
    }
    Ok(())
}
