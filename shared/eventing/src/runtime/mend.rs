//! Mends channels with a gap. Their receiver asks the sender again and again; the sender finds in its own
//! receipts what it has sent, and sends that once more.

use super::env::Env;
use crate::{
    Batches,
    receipt::{Channel, Outgoing},
    resend::Resend,
    task::TaskError,
};
use interstate_log::{LogError, PartitionId, Topic};
use std::{collections::BTreeMap, time::Duration};
use tokio::sync::{mpsc, watch};

/// Between two requests for the same channel, in the time of this machine.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// Messages sent again at once; when they have arrived, the receiver asks for the next.
const AT_ONCE: usize = 10_000;
/// Records read at once.
const CHUNK: usize = 1_000;

/// The channels that stand still at this partition, with the number that is wanted next.
pub(super) type Stopped = BTreeMap<Channel, u64>;

/// Asks for what is missing for as long as anything is; ends when nobody says any more what that is.
pub(super) async fn ask(env: Env, id: PartitionId, mut stopped: watch::Receiver<Stopped>) {
    loop {
        if stopped.wait_for(|stopped| !stopped.is_empty()).await.is_err() {
            return;
        }
        let wanted = stopped.borrow_and_update().clone();
        for (channel, from) in wanted {
            if let Err(error) = request(&env, &id, &channel, from).await {
                tracing::warn!(partition = %id, ?channel, %error, "a resend could not be asked for");
            }
        }
        tokio::select! {
            biased;
            () = env.clock.sleep(ASK_AGAIN) => {}
            gone = stopped.wait_for(Stopped::is_empty) => if gone.is_err() { return },
        }
    }
}

async fn request(env: &Env, id: &PartitionId, from: &Channel, number: u64) -> Result<(), LogError> {
    let resend = Resend {
        channel: Channel {
            incarnation: from.incarnation,
            service: id.service.clone(),
            partition: id.index,
        },
        from: number,
    };
    let topic = Topic::commands(from.service.clone());
    let mut sender = env.log.sender(&topic).await?;
    let delivery = sender.try_send(from.partition, resend.to_record())?;
    delivery.await.unwrap_or(Err(LogError::Closed))
}

/// A search has found what it looked for, or nothing for this channel: its receiver will ask again.
pub(super) type Ended = Result<Found, Channel>;

/// What a channel has carried, from a number on.
pub(super) struct Found {
    pub(super) channel: Channel,
    from: u64,
    messages: Vec<Outgoing>,
    batches: Batches,
    /// Where reading goes on.
    next: u64,
}

impl Found {
    fn new(id: &PartitionId, Resend { channel, from }: Resend) -> Self {
        Self {
            channel,
            from,
            messages: Vec::new(),
            batches: Batches::new(id.service.clone(), id.index, 0, 0),
            next: 0,
        }
    }

    /// Reads the partition's receipts on, to this offset or until enough is found.
    async fn read_to(&mut self, env: &Env, id: &PartitionId, end: u64) -> Result<(), TaskError> {
        let unread = |error: LogError| TaskError::Resend(error.to_string());
        let topic = Topic::events(id.service.clone());
        let mut reader = env.log.read(&topic, id.index, self.next).await.map_err(unread)?;
        while self.next < end && self.messages.len() < AT_ONCE {
            let chunk = reader.next(CHUNK).await.map_err(unread)?;
            for stored in &chunk.records {
                let Some(batch) = self.batches.push(stored)? else {
                    continue;
                };
                let (channel, from) = (&self.channel, self.from);
                let wanted = |message: &Outgoing| message.channel == *channel && message.number >= from;
                self.messages
                    .extend(batch.receipt.messages.into_iter().filter(wanted));
            }
            self.next = chunk.next;
        }
        Ok(())
    }

    /// The messages in order, those of the last moments too: everything that stands in the log below `end`.
    pub(super) async fn complete(
        mut self,
        env: &Env,
        id: &PartitionId,
        end: u64,
    ) -> Result<Vec<Outgoing>, TaskError> {
        self.read_to(env, id, end).await?;
        Ok(self.messages)
    }
}

/// Looks for what a receiver misses, beside the partition's work: the log may be long.
pub(super) async fn search(env: Env, id: PartitionId, resend: Resend, ended: mpsc::UnboundedSender<Ended>) {
    let topic = Topic::events(id.service.clone());
    let mut search = Found::new(&id, resend);
    let read = match env.log.end(&topic, id.index).await {
        Ok(end) => search.read_to(&env, &id, end).await,
        Err(error) => Err(TaskError::Resend(error.to_string())),
    };
    // Where nobody takes it, the partition has gone to another owner, who will be asked again.
    let _ = match read {
        Ok(()) => ended.send(Ok(search)),
        Err(error) => {
            tracing::error!(partition = %id, channel = ?search.channel, %error, "what a receiver misses cannot be found");
            ended.send(Err(search.channel))
        }
    };
}
