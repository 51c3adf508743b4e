//! An aggregate is asked, and its decision taken up: events become records, and its state goes on.

use super::{
    cache::{Entry, Key, StateError},
    working::{Asked, Working},
};
use crate::{
    aggregate::{Context, NoDecision, RawDecision},
    envelope::{CommandMeta, Event},
};
use bytes::Bytes;
use interstate_log::Record;
use interstate_schemas::EventId;
use std::panic::{AssertUnwindSafe, catch_unwind};

impl Working<'_> {
    /// Has an aggregate decide, and takes its decision up.
    pub(super) fn ask(&mut self, asked: &Asked<'_>) -> Result<(), StateError> {
        let meta = asked.meta;
        let service = self.task.service().clone();
        let Some((index, kind)) = service.kind(&meta.to.aggregate) else {
            let why = format!("{} has no aggregate `{}`", service.name(), meta.to.aggregate);
            self.failed(meta, asked.payload, "command.unreadable", &why);
            return Ok(());
        };
        let key = Key {
            kind: index,
            id: meta.to.id.clone(),
        };
        let now = self.now;
        let decided = {
            let entry = self.entry(&key)?;
            let cx = Context {
                now,
                actor: &meta.actor,
                command: meta.id,
                address: &meta.to,
                version: entry.version,
                step: meta.step.as_ref(),
            };
            catch_unwind(AssertUnwindSafe(|| {
                kind.decide(&*entry.state, asked.request, &cx)
            }))
        };
        match decided {
            Ok(Ok(decision)) => self.take_up(key, asked, decision),
            Ok(Err(NoDecision::Rejected(rejection))) => {
                self.rejected(asked, rejection);
                Ok(())
            }
            Ok(Err(NoDecision::Unreadable(error))) => {
                self.failed(meta, asked.payload, "command.unreadable", &error.to_string());
                Ok(())
            }
            Err(panic) => {
                let why = panic_text(&*panic);
                self.failed(meta, asked.payload, "command.panicked", &why);
                Ok(())
            }
        }
    }

    fn take_up(&mut self, key: Key, asked: &Asked<'_>, decision: RawDecision) -> Result<(), StateError> {
        let meta = asked.meta;
        if let Some(why) = self.too_large(&decision) {
            self.failed(meta, asked.payload, "command.too_large", &why);
            return Ok(());
        }
        if !decision.events.is_empty() {
            match self.evolved(&key, meta, decision.events) {
                Ok((entry, records)) => {
                    self.sequence += records.len() as u64;
                    self.events.extend(records);
                    self.overlay.insert(key, entry);
                }
                Err(why) => {
                    self.failed(meta, asked.payload, "command.panicked", &why);
                    return Ok(());
                }
            }
        }
        for (index, message) in (0u32..).zip(decision.messages) {
            self.send(meta, index, message);
        }
        self.accepted(meta, decision.reply);
        Ok(())
    }

    /// The entry after the events, which are read back from their bytes: what a replay will see.
    fn evolved(
        &mut self,
        key: &Key,
        meta: &CommandMeta,
        events: Vec<(&'static str, Vec<u8>)>,
    ) -> Result<(Entry, Vec<Record>), String> {
        let service = self.task.service().clone();
        let kind = service.kind_at(key.kind);
        let mut entry = self.entry(key).map_err(|error| error.to_string())?.clone();
        let millis = u64::try_from(self.now.as_millisecond()).unwrap_or(0);
        let mut records = Vec::with_capacity(events.len());
        for (index, (event_type, payload)) in (0u32..).zip(events) {
            entry.version += 1;
            catch_unwind(AssertUnwindSafe(|| {
                kind.evolve(&mut *entry.state, event_type, &payload, self.now)
            }))
            .map_err(|panic| panic_text(&*panic))?
            .map_err(|error| error.to_string())?;
            let event = Event {
                id: EventId::derive(millis, &[&meta.id.ulid().0.to_be_bytes(), &index.to_be_bytes()]),
                service: service.name().into(),
                partition: self.task.partition,
                sequence: self.sequence + 1 + u64::from(index),
                aggregate: kind.name().into(),
                subject: key.id.clone(),
                version: entry.version,
                event_type: event_type.into(),
                time: self.now,
                actor: meta.actor.clone(),
                correlation: meta.correlation,
                causation: meta.id,
                trace: meta.trace.clone(),
                payload: Bytes::from(payload),
            };
            records.push(event.to_record());
        }
        entry.deadlines = kind.deadlines(&*entry.state);
        entry.parked.retain(|parked| entry.deadlines.contains(parked));
        Ok((entry, records))
    }

    fn too_large(&self, decision: &RawDecision) -> Option<String> {
        let limits = self.task.limits;
        let events = decision.events.iter().map(|(_, payload)| payload.len());
        let messages = decision.messages.iter().map(|message| message.payload.len());
        let largest = events.chain(messages).max().unwrap_or(0);
        let receipt: usize = decision
            .messages
            .iter()
            .map(|message| message.payload.len() + 300)
            .sum::<usize>()
            + decision.reply.len();
        if largest > limits.record {
            return Some(format!(
                "it makes a record of {largest} bytes; the limit is {}",
                limits.record
            ));
        }
        (receipt > limits.receipt).then(|| {
            format!(
                "its answer and messages have {receipt} bytes; the limit is {}",
                limits.receipt
            )
        })
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}
