//! Deadlines that are due.

use super::{
    cache::{Entry, StateError},
    working::{Asked, Working},
};
use crate::{
    aggregate::Request,
    envelope::{CommandMeta, Origin},
    receipt::ParkedDeadline,
};
use interstate_schemas::{Actor, CommandId, Timestamp};

impl Working<'_> {
    /// Asks each aggregate whose deadline is due; one that changes nothing is parked.
    pub(super) fn fire(&mut self, through: Timestamp) -> Result<(), StateError> {
        let due: Vec<_> = {
            let index = self.task.cache.deadlines.iter();
            index
                .take_while(|(due, _, _)| *due <= through)
                .take(self.task.limits.deadlines)
                .cloned()
                .collect()
        };
        for (due, key, name) in due {
            if self.is_full() {
                break;
            }
            let armed = |entry: &Entry| entry.armed().find(|it| it.due == due && it.name == name).cloned();
            let Some(deadline) = armed(self.entry(&key)?) else {
                continue;
            };
            let service = self.task.service().clone();
            let kind = service.kind_at(key.kind);
            let due_nanos = due.as_nanosecond().to_be_bytes();
            let parts: [&[u8]; 5] = [
                b"deadline",
                kind.name().as_bytes(),
                key.id.as_bytes(),
                name.as_bytes(),
                &due_nanos,
            ];
            let id = CommandId::derive(u64::try_from(due.as_millisecond()).unwrap_or(0), &parts);
            let meta = CommandMeta {
                id,
                to: crate::Address {
                    service: service.name().into(),
                    aggregate: kind.name().into(),
                    id: key.id.clone(),
                },
                actor: Actor::System,
                correlation: id,
                trace: None,
                origin: Origin::Local,
                step: None,
            };
            self.ask(&Asked {
                meta: &meta,
                request: Request::Deadline(&name),
                payload: name.as_bytes(),
            })?;
            if armed(self.entry(&key)?).is_some() {
                let mut entry = self.entry(&key)?.clone();
                entry.parked.push(deadline.clone());
                self.overlay.insert(key.clone(), entry);
                tracing::warn!(aggregate = kind.name(), id = key.id, %name, "a deadline changed nothing; it is parked");
                self.parked.push(ParkedDeadline {
                    aggregate: kind.name().into(),
                    id: key.id,
                    deadline,
                });
            }
            self.drain_local()?;
        }
        Ok(())
    }
}
