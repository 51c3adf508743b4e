//! Reads a partition's events from the beginning to where it ends now.

use interstate_eventing::{Batches, Event};
use interstate_log::{Log, PartitionId, Topic};

/// Records read at once.
const CHUNK: usize = 2_000;

/// Hands every committed event of a partition to `take`, in order.
pub async fn each_event(
    log: &dyn Log,
    source: &PartitionId,
    mut take: impl FnMut(Event) + Send,
) -> Result<(), String> {
    let failed = |error: interstate_log::LogError| format!("{source}: {error}");
    let topic = Topic::events(source.service.clone());
    let end = log.end(&topic, source.index).await.map_err(failed)?;
    let mut reader = log.read(&topic, source.index, 0).await.map_err(failed)?;
    let mut batches = Batches::new(source.service.clone(), source.index, 0, 0);
    let mut next = 0;
    while next < end {
        let chunk = reader.next(CHUNK).await.map_err(failed)?;
        for stored in &chunk.records {
            let batch = batches
                .push(stored)
                .map_err(|error| format!("{source}: {error}"))?;
            batch
                .into_iter()
                .flat_map(|batch| batch.events)
                .for_each(&mut take);
        }
        next = chunk.next;
    }
    Ok(())
}
