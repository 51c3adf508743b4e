//! Reads what is committed, each reader at its own pace.

use super::partition::Partition;
use crate::here::Here;
use async_trait::async_trait;
use interstate_log::{Chunk, LogError, Reader};
use std::{pin::pin, sync::Arc, time::Duration};

pub(super) struct SimReader {
    pub(super) here: Here,
    pub(super) partition: Arc<Partition>,
    pub(super) next: u64,
}

impl SimReader {
    async fn get_stuck(&self) {
        let sim = &self.here.sim;
        if sim.strikes(|faults| faults.stuck_reader) {
            let millis = sim.draw(|rng| rng.between(100, 10_000));
            sim.tell(|| {
                format!(
                    "a reader of {} is stuck for {millis} ms",
                    sim.name(self.here.process)
                )
            });
            sim.sleep(Duration::from_millis(millis)).await;
        }
    }

    fn take(&mut self, max: usize) -> Chunk {
        let max = if self.here.sim.draw(|rng| rng.once_in(8)) {
            self.here.sim.draw(|rng| rng.between(1, 4)).min(max as u64) as usize
        } else {
            max
        };
        let chunk = self.partition.read(self.next, max);
        self.next = chunk.next;
        chunk
    }
}

#[async_trait]
impl Reader for SimReader {
    async fn next(&mut self, max: usize) -> Result<Chunk, LogError> {
        loop {
            let mut change = pin!(self.partition.next_change());
            // From here on no change is missed.
            change.as_mut().enable();
            if self.partition.read(self.next, 1).next != self.next {
                break;
            }
            change.await;
        }
        self.here.pass().await;
        self.get_stuck().await;
        Ok(self.take(max))
    }

    async fn poll(&mut self, max: usize) -> Result<Chunk, LogError> {
        self.here.pass().await;
        self.get_stuck().await;
        Ok(self.take(max))
    }
}
