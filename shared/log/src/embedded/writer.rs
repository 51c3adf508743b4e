//! The one writer of a partition, as far as this process goes.

use super::{
    Partition, check_sizes,
    committer::{Committer, Done, Write},
};
use crate::{AppendError, LogError, Record, Writer};
use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::oneshot;

pub(super) struct EmbeddedWriter {
    pub(super) committer: Committer,
    pub(super) place: Arc<Partition>,
    pub(super) epoch: u64,
    pub(super) max_record: usize,
}

#[async_trait]
impl Writer for EmbeddedWriter {
    async fn append(&mut self, batch: Vec<Record>) -> Result<u64, AppendError> {
        check_sizes(&batch, self.max_record).map_err(AppendError::Aborted)?;
        let (done, outcome) = oneshot::channel();
        let write = Write::new(self.place.clone(), Some(self.epoch), batch, Done::Writer(done));
        self.committer.send(write).await.map_err(AppendError::Aborted)?;
        // A committer that goes away without a word may have written: only a replay tells.
        outcome
            .await
            .unwrap_or(Err(AppendError::Unknown(LogError::Closed)))
    }
}
