//! Copies the log into a folder, while it is written.

use super::{
    BackupError, CHUNK, Copied, CopiedTopic, Manifest,
    cut::{self, History},
    file::Out,
    manifest::{dead_letters, file},
};
use crate::{Batches, Service, runtime::MachineClock};
use interstate_log::{Log, PartitionId, Stored, Topic};
use std::{fs, path::Path};

/// Copies the events of all services, and their dead letters, into a folder that is empty or not there. `tell` hears of
/// each partition that is done, with its records. What belongs to the copy besides is put beside it before
/// [`Manifest::write`] makes it a backup.
///
/// # Errors
/// The folder has something in it, the log cannot be read, or there is no room for the copy.
pub async fn take(
    log: &dyn Log,
    services: &[Service],
    folder: &Path,
    tell: impl Fn(&PartitionId, u64) + Send,
) -> Result<Manifest, BackupError> {
    prepare(folder)?;
    let began = MachineClock::machine_now();
    let mut ends = Vec::new();
    for service in services {
        for index in 0..service.partition_count() {
            let id = PartitionId::new(service.name(), index);
            let end = log.end(&Topic::events(service.name()), index).await?;
            ends.push((id, end));
        }
    }
    let mut manifest = Manifest::new(began, MachineClock::machine_now());
    let (mut copies, mut histories) = (Vec::new(), Vec::new());
    for (id, end) in ends {
        let (copy, history) = copy(log, &id, end, folder).await?;
        tell(&id, history.records());
        copies.push((id, copy));
        histories.push(history);
    }
    let cut = cut::cut(&histories).map_err(BackupError::Apart)?;
    for ((id, copy), end) in copies.into_iter().zip(cut) {
        let time = end.as_ref().map(|end| end.time);
        let (bytes, records, sequence, taken) = end
            .map(|end| (end.bytes, end.records, end.sequence, end.taken))
            .unwrap_or_default();
        manifest.partitions.push(Copied {
            service: id.service.into_owned(),
            partition: id.index,
            records,
            bytes,
            sha256: copy.keep(bytes)?,
            sequence,
            time,
            taken,
        });
    }
    // Behind the events: a letter that a receipt calls durable is among those that are read now.
    for service in services {
        for index in 0..service.partition_count() {
            let letters = copy_letters(log, service.name(), index, folder).await?;
            manifest.dead_letters.push(letters);
        }
    }
    Ok(manifest)
}

fn prepare(folder: &Path) -> Result<(), BackupError> {
    fs::create_dir_all(folder).map_err(|error| BackupError::io(folder, "made", error))?;
    let mut entries = fs::read_dir(folder).map_err(|error| BackupError::io(folder, "read", error))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(BackupError::NotEmpty(folder.to_owned())),
    }
}

/// Copies the whole batches of a partition below this end.
async fn copy(
    log: &dyn Log,
    id: &PartitionId,
    end: u64,
    folder: &Path,
) -> Result<(Out, History), BackupError> {
    let topic = Topic::events(id.service.clone());
    let mut out = Out::create(&file(folder, &topic, id.index))?;
    let mut history = History::new(id.clone());
    let mut batches = Batches::new(id.service.clone(), id.index, 0, 0);
    let mut open: Vec<Stored> = Vec::new();
    let (mut next, mut records) = (0, 0);
    let mut reader = log.read(&topic, id.index, 0).await?;
    while next < end {
        let chunk = reader.next(CHUNK).await?;
        next = chunk.next;
        for stored in chunk.records {
            if stored.offset >= end {
                break;
            }
            let batch = batches.push(&stored)?;
            open.push(stored);
            let Some(batch) = batch else { continue };
            // A run without a receipt may stand before this batch: it is no part of the log.
            let whole = open.split_off(open.len() - batch.events.len() - 1);
            open.clear();
            let mut bytes = 0;
            for stored in &whole {
                bytes = out.push(&stored.record)?;
            }
            records += whole.len() as u64;
            history.push(&batch.receipt, bytes, records);
        }
    }
    Ok((out, history))
}

async fn copy_letters(
    log: &dyn Log,
    service: &str,
    partition: u32,
    folder: &Path,
) -> Result<CopiedTopic, BackupError> {
    let topic = dead_letters(service);
    let end = log.end(&topic, partition).await?;
    let mut out = Out::create(&file(folder, &topic, partition))?;
    let mut reader = log.read(&topic, partition, 0).await?;
    let (mut next, mut bytes, mut records) = (0, 0, 0);
    while next < end {
        let chunk = reader.next(CHUNK).await?;
        next = chunk.next;
        for stored in chunk.records {
            bytes = out.push(&stored.record)?;
            records += 1;
        }
    }
    Ok(CopiedTopic {
        service: service.to_owned(),
        partition,
        records,
        sha256: out.keep(bytes)?,
    })
}
