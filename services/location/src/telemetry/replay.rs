//! After a start: the fixes of the last minutes tell again where drivers are.

use super::{positions::Positions, recorder::Recorder, wire::FixBatch};
use interstate_live::positions::STALE_AFTER;
use interstate_log::{Log, LogError};
use interstate_schemas::{SignedDuration, Timestamp};
use prost::Message;

/// Fixes that came in this long before now are read again; older ones say nothing about where a driver is.
pub const REPLAYED: SignedDuration = STALE_AFTER;
/// Records that are read at once.
const CHUNK: usize = 1_000;

/// Reads the recent part of every partition into `positions`; says how many batches there were.
pub async fn replay(
    log: &dyn Log,
    partitions: u32,
    positions: &Positions,
    now: Timestamp,
) -> Result<u64, LogError> {
    let since = now.as_millisecond() - REPLAYED.as_millis() as i64;
    let mut batches = 0;
    for partition in 0..partitions {
        let end = log.end(&Recorder::topic(), partition).await?;
        let mut reader = log
            .read(
                &Recorder::topic(),
                partition,
                start(log, partition, end, since).await?,
            )
            .await?;
        loop {
            let chunk = reader.poll(CHUNK).await?;
            if chunk.records.is_empty() {
                break;
            }
            for stored in &chunk.records {
                let Ok(batch) = FixBatch::decode(stored.record.payload.clone()) else {
                    tracing::warn!(
                        partition,
                        offset = stored.offset,
                        "a batch of fixes cannot be read"
                    );
                    continue;
                };
                let fixes = batch.fixes();
                if let (true, Some(first)) = (batch.received_ms >= since, fixes.first()) {
                    let received = Timestamp::from_millisecond(batch.received_ms).unwrap_or(now);
                    positions.record(first.driver, &fixes, received);
                    batches += 1;
                }
            }
        }
    }
    Ok(batches)
}

/// An offset at or before the first batch that came in since: steps back from the end, twice as far each time,
/// because the log has no index by time.
async fn start(log: &dyn Log, partition: u32, end: u64, since: i64) -> Result<u64, LogError> {
    let mut back = CHUNK as u64;
    let mut from = end;
    while from > 0 {
        let candidate = end.saturating_sub(back);
        // What retention has removed cannot be read: go on from where there is something.
        let Ok(mut reader) = log.read(&Recorder::topic(), partition, candidate).await else {
            return Ok(from);
        };
        let Ok(chunk) = reader.poll(1).await else {
            return Ok(from);
        };
        from = candidate;
        let first = chunk.records.first();
        let received = first.and_then(|first| FixBatch::decode(first.record.payload.clone()).ok());
        if received.is_none_or(|batch| batch.received_ms < since) {
            break;
        }
        back = back.saturating_mul(2);
    }
    Ok(from)
}
