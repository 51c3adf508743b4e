//! What becomes of a job that was taken from a broker.

use super::Shared;
use crate::{Job, JobsError, Settle};
use async_trait::async_trait;
use lapin::{
    Acker,
    options::{BasicAckOptions, BasicNackOptions, BasicRejectOptions},
};
use std::{sync::Arc, time::Duration};

/// How long a job is held that cannot be put off.
const LONGEST_HELD: Duration = Duration::from_secs(5);

/// A job that the broker has given to us alone.
pub(super) struct Taken {
    shared: Arc<Shared>,
    /// Nothing once the broker has been told.
    acker: Option<Acker>,
}

impl Taken {
    pub(super) fn new(shared: Arc<Shared>, acker: Acker) -> Self {
        Self {
            shared,
            acker: Some(acker),
        }
    }

    fn told(&self, told: lapin::Result<bool>) -> Result<(), JobsError> {
        match told {
            Ok(true) => Ok(()),
            Ok(false) => Err(self
                .shared
                .address
                .away("the connection that gave the job has ended; it is given out again")),
            Err(error) => Err(self.shared.address.away(error.to_string())),
        }
    }
}

#[async_trait]
impl Settle for Taken {
    async fn done(mut self: Box<Self>) -> Result<(), JobsError> {
        let Some(acker) = self.acker.take() else {
            return Ok(());
        };
        let told = acker.ack(BasicAckOptions::default()).await;
        self.told(told)
    }

    /// The job of later is confirmed before this one is let go: a crash in between leaves two, never none.
    async fn later(self: Box<Self>, job: Job, after: Duration) -> Result<(), JobsError> {
        let topology = &self.shared.topology;
        let (exchange, key) = match topology.wait(after) {
            Some(queue) => (&queue.exchange, &queue.name),
            None => (&topology.ready.exchange, &topology.ready.name),
        };
        if let Err(error) = self.shared.publish(exchange, key, &job).await {
            // It goes back when this is dropped, and would come again at once.
            tokio::time::sleep(after.min(LONGEST_HELD)).await;
            return Err(error);
        }
        self.done().await
    }

    async fn give_up(mut self: Box<Self>, why: String) -> Result<(), JobsError> {
        let Some(acker) = self.acker.take() else {
            return Ok(());
        };
        self.shared.put_aside(why);
        let told = acker.reject(BasicRejectOptions { requeue: false }).await;
        self.told(told)
    }

    fn is_void(&self) -> bool {
        self.acker.as_ref().is_some_and(|acker| !acker.usable())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let Some(acker) = self.acker.take().filter(Acker::usable) else {
            return;
        };
        // Without a runtime the process ends, and the connection with it, which gives the job back as well.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let back = BasicNackOptions {
                    requeue: true,
                    multiple: false,
                };
                let _ = acker.nack(back).await;
            });
        }
    }
}
