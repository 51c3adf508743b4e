//! The one writer of a partition's events, with everything that can become of a batch.

use super::{
    Mode, SimLog,
    partition::{Fenced, Partition},
};
use crate::here::Here;
use async_trait::async_trait;
use interstate_log::{AppendError, LogError, PartitionId, Record, Writer};
use std::sync::Arc;

pub(super) struct SimWriter {
    pub(super) here: Here,
    pub(super) mode: Mode,
    pub(super) id: PartitionId,
    pub(super) partition: Arc<Partition>,
    pub(super) epoch: u64,
}

impl From<Fenced> for AppendError {
    fn from(_: Fenced) -> Self {
        AppendError::Fenced
    }
}

fn failed(why: &str) -> LogError {
    LogError::Other(why.to_owned())
}

#[async_trait]
impl Writer for SimWriter {
    async fn append(&mut self, batch: Vec<Record>) -> Result<u64, AppendError> {
        for record in &batch {
            SimLog::check_size(record).map_err(AppendError::Aborted)?;
        }
        self.here.pass().await;
        match self.mode {
            Mode::Kafka => self.transaction(batch).await,
            Mode::Embedded => self.at_once(batch).await,
        }
    }
}

impl SimWriter {
    async fn at_once(&mut self, batch: Vec<Record>) -> Result<u64, AppendError> {
        if self.here.sim.strikes(|faults| faults.aborted) {
            return Err(AppendError::Aborted(LogError::Full("the disk is full".into())));
        }
        let end = self.partition.write_at_once(self.epoch, batch)?;
        self.here.pass().await;
        Ok(end)
    }

    async fn transaction(&mut self, mut batch: Vec<Record>) -> Result<u64, AppendError> {
        let sim = self.here.sim.clone();
        let id = self.id.clone();
        let (partition, epoch) = (&self.partition, self.epoch);
        partition.begin(epoch)?;
        if batch.len() > 1 && sim.draw(|rng| rng.once_in(3)) {
            let cut = sim.draw(|rng| rng.between(1, batch.len() as u64)) as usize;
            let rest = batch.split_off(cut);
            partition.write(epoch, batch)?;
            self.here.pass().await;
            if sim.strikes(|faults| faults.half) {
                sim.tell(|| {
                    format!("the first {cut} records of a batch of {id} are committed without the rest")
                });
                partition.finish(epoch, true)?;
                self.here.pass().await;
                return Err(AppendError::Unknown(failed("the broker hung up")));
            }
            batch = rest;
        }
        partition.write(epoch, batch)?;
        self.here.pass().await;
        if sim.strikes(|faults| faults.aborted) {
            sim.tell(|| format!("a batch of {id} is aborted"));
            partition.finish(epoch, false)?;
            self.here.pass().await;
            return Err(AppendError::Aborted(failed("a broker asked for an abort")));
        }
        if sim.strikes(|faults| faults.unknown) {
            return Err(self.unknown().await);
        }
        let end = partition.finish(epoch, true)?;
        self.here.pass().await;
        Ok(end)
    }

    /// The commit arrives, does not arrive, or arrives late; the writer is not told which.
    async fn unknown(&self) -> AppendError {
        let sim = &self.here.sim;
        let which = sim.draw(|rng| rng.below(3));
        let late = sim.draw(|rng| rng.between(1_000_000, 4_000_000_000));
        sim.tell(|| {
            let what = ["is committed", "is not committed", "is committed late"][which as usize];
            format!("a batch of {} {what}, and its writer is not told", self.id)
        });
        let done = match which {
            0 => self.partition.finish(self.epoch, true).map(|_| ()),
            1 => Ok(()),
            _ => self.partition.prepare(self.epoch, late),
        };
        self.here.pass().await;
        match done {
            Ok(()) => AppendError::Unknown(failed("no answer to the commit")),
            Err(fenced) => fenced.into(),
        }
    }
}
