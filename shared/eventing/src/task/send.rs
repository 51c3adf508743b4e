//! Messages to other aggregates, numbered on their channels.

use super::working::Working;
use crate::{
    envelope::{CommandMeta, Origin},
    message::{Message, message_id},
    receipt::{Channel, Outgoing, Pending},
};
use interstate_schemas::Actor;

impl Working<'_> {
    /// A message that a decision sends: to the own partition it waits for this batch, to others for the commit.
    pub(super) fn send(&mut self, cause: &CommandMeta, index: u32, message: Message) {
        let id = message_id(self.now, cause.id, index);
        let mut meta = CommandMeta {
            id,
            to: message.to,
            actor: Actor::Service(self.task.service().name().to_owned()),
            correlation: cause.correlation,
            trace: cause.trace.clone(),
            origin: Origin::Local,
            step: message.step,
        };
        let own = self.task.service().name();
        match self.task.topology.partition(&meta.to.service, &meta.to.id) {
            None => {
                let why = format!("there is no service `{}`", meta.to.service);
                self.failed(&meta, &message.payload, "command.no_such_service", &why);
            }
            Some(partition) if meta.to.service == own && partition == self.task.partition => {
                self.local.push_back(Pending {
                    meta,
                    payload: message.payload,
                });
            }
            Some(partition) => {
                let (service, incarnation) = (meta.to.service.clone(), self.task.incarnation());
                let channel = Channel {
                    incarnation,
                    service,
                    partition,
                };
                let number = self.number(&channel);
                meta.origin = Origin::Task {
                    incarnation,
                    service: own.into(),
                    partition: self.task.partition,
                    number,
                };
                self.size += message.payload.len() + 300;
                self.messages.push(Outgoing {
                    channel,
                    number,
                    meta,
                    payload: message.payload,
                    dead: None,
                });
            }
        }
    }

    /// The next number of a channel.
    pub(super) fn number(&mut self, channel: &Channel) -> u64 {
        let known = self.task.cache.core.out.get(channel).copied().unwrap_or(0);
        let last = self.out.entry(channel.clone()).or_insert(known);
        *last += 1;
        *last
    }
}
