//! Reads a partition's events from the beginning to where it ends now.

use interstate_eventing::{Batch, Batches, Event};
use interstate_log::{Log, PartitionId, Topic};
use std::fmt::Display;

/// Records read at once.
const CHUNK: usize = 2_000;

/// Hands every committed event of a partition to `take`, in order.
pub async fn each_event(
    log: &dyn Log,
    source: &PartitionId,
    mut take: impl FnMut(Event) + Send,
) -> Result<(), String> {
    each_batch(log, source, |batch| {
        batch.events.into_iter().for_each(&mut take);
        Ok(())
    })
    .await
}

/// Hands every committed batch of a partition to `take`, in order, until it refuses one.
pub async fn each_batch(
    log: &dyn Log,
    source: &PartitionId,
    mut take: impl FnMut(Batch) -> Result<(), String> + Send,
) -> Result<(), String> {
    let failed = |error: &dyn Display| format!("{source}: {error}");
    let topic = Topic::events(source.service.clone());
    let end = log
        .end(&topic, source.index)
        .await
        .map_err(|error| failed(&error))?;
    let reader = log.read(&topic, source.index, 0).await;
    let mut reader = reader.map_err(|error| failed(&error))?;
    let mut batches = Batches::new(source.service.clone(), source.index, 0, 0);
    let mut next = 0;
    while next < end {
        let chunk = reader.next(CHUNK).await.map_err(|error| failed(&error))?;
        for stored in &chunk.records {
            if let Some(batch) = batches.push(stored).map_err(|error| failed(&error))? {
                take(batch).map_err(|error| failed(&error))?;
            }
        }
        next = chunk.next;
    }
    Ok(())
}
