//! Hands replies to the instance that asked: in this process at once, to another one through `S.replies`.

use super::env::Env;
use crate::task::Reply;
use bytes::Bytes;
use interstate_log::{PartitionId, Record, Sender, Topic, TopicKind};

/// A partition's replies.
pub(super) struct ReplyOut {
    env: Env,
    id: PartitionId,
    sender: Option<Box<dyn Sender>>,
}

impl ReplyOut {
    pub(super) fn new(env: Env, id: PartitionId) -> Self {
        Self {
            env,
            id,
            sender: None,
        }
    }

    /// A reply that gets lost is asked for again, so failures are not waited for.
    pub(super) async fn send(&mut self, replies: Vec<Reply>) {
        for reply in replies {
            if reply.to == self.env.instance {
                self.env.replies.deliver(&reply);
            } else if let Err(error) = self.send_away(&reply).await {
                tracing::debug!(%error, to = reply.to, "a reply was not sent; it will be asked for again");
                self.sender = None;
            }
        }
    }

    async fn send_away(&mut self, reply: &Reply) -> Result<(), interstate_log::LogError> {
        let topic = Topic::new(self.id.service.clone(), TopicKind::Replies);
        let sender = match &mut self.sender {
            Some(sender) => sender,
            none => none.insert(self.env.log.sender(&topic).await?),
        };
        let count = self
            .env
            .topology
            .services()
            .find(|(name, _)| *name == self.id.service)
            .map_or(1, |(_, count)| count);
        let partition = interstate_log::partition_of(reply.to.as_bytes(), count);
        sender.try_send(partition, encode(reply)).map(|_| ())
    }
}

pub(super) fn encode(reply: &Reply) -> Record {
    Record {
        key: Bytes::copy_from_slice(reply.to.as_bytes()),
        headers: Vec::new(),
        payload: Bytes::from(rmp_serde::to_vec_named(reply).expect("a reply is plain data")),
    }
}

pub(super) fn decode(record: &Record) -> Option<Reply> {
    rmp_serde::from_slice(&record.payload).ok()
}
