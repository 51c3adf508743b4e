//! One step: commands and due deadlines in, a batch out. Everything is decided, encoded, decoded,
//! size-checked and evolved on an overlay before anything is written.

use super::{
    Task,
    cache::{Entry, Key, StateError},
    route::{Route, Taken, route},
};
use crate::{
    Rejection,
    aggregate::{Context, NoDecision, RawDecision, Request},
    envelope::{Command, CommandMeta, Event, Origin},
    message::{Message, message_id},
    plant::{self, Bug},
    receipt::{Channel, Occasion, Outcome, Outgoing, ParkedDeadline, Pending, Receipt, Remembered},
    resend::Resend,
};
use bytes::Bytes;
use interstate_log::{Record, Stored};
use interstate_schemas::{Actor, CommandId, EventId, StepOutcome, Timestamp};
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
};

/// What the asker is told.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Verdict {
    /// Decided, now or before.
    Outcome(Outcome),
    /// The same id has been used with another body.
    OtherBody,
    /// It came after its time and was not decided.
    Expired {
        /// That time.
        at: Timestamp,
    },
}

/// An answer on its way to the instance that asked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reply {
    /// The instance.
    pub to: String,
    /// The command.
    pub id: CommandId,
    /// The hash of its body: another body under the same id is another question.
    pub fingerprint: u64,
    /// What became of it.
    pub verdict: Verdict,
    /// Generation of the partitions.
    pub incarnation: u32,
    /// Reading up to here in this partition shows its effect.
    pub sequence: u64,
}

/// A decided batch that is not durable yet.
pub struct Step {
    /// Events, then the receipt.
    pub records: Vec<Record>,
    /// What closes the batch.
    pub receipt: Receipt,
    /// Commands that it used up, of those given.
    pub consumed: usize,
    pub(super) replies: Vec<Reply>,
    pub(super) overlay: HashMap<Key, Entry>,
}

impl Step {
    /// The replies, before they may be given: to count them, and for a planted bug.
    pub fn early_replies(&self) -> &[Reply] {
        &self.replies
    }
}

struct Working<'t> {
    task: &'t mut Task,
    now: Timestamp,
    overlay: HashMap<Key, Entry>,
    events: Vec<Record>,
    sequence: u64,
    out: BTreeMap<Channel, u64>,
    messages: Vec<Outgoing>,
    replies: Vec<Reply>,
    parked: Vec<ParkedDeadline>,
    taken: Taken,
    local: VecDeque<Pending>,
    handled_local: usize,
    size: usize,
}

/// What is being decided.
struct Asked<'a> {
    meta: &'a CommandMeta,
    request: Request<'a>,
    payload: &'a [u8],
}

pub(super) fn decide(
    task: &mut Task,
    commands: &[Stored],
    deadlines: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Step>, StateError> {
    let (first, commands_at) = (task.sequence() + 1, task.position());
    let local: VecDeque<Pending> = task.cache.core.pending.iter().cloned().collect();
    let had_pending = !local.is_empty();
    let mut work = Working {
        sequence: task.sequence(),
        task,
        now,
        overlay: HashMap::new(),
        events: Vec::new(),
        out: BTreeMap::new(),
        messages: Vec::new(),
        replies: Vec::new(),
        parked: Vec::new(),
        taken: Taken::default(),
        local,
        handled_local: 0,
        size: 0,
    };
    work.drain_local()?;
    if let Some(through) = deadlines {
        work.fire(through)?;
    }
    let mut consumed = 0;
    let mut position = commands_at;
    for stored in commands {
        if work.is_full() || (consumed > 0 && stored.offset < work.task.careful_until) {
            break;
        }
        work.command(stored)?;
        consumed += 1;
        position = stored.offset + 1;
    }
    let idle = consumed == 0
        && !had_pending
        && work.parked.is_empty()
        && work.events.is_empty()
        && work.messages.is_empty();
    if idle {
        return Ok(None);
    }
    Ok(Some(work.close(first, position, consumed)))
}

impl Working<'_> {
    fn is_full(&self) -> bool {
        self.size >= self.task.limits.receipt || !self.local.is_empty()
    }

    fn close(self, first: u64, commands: u64, consumed: usize) -> Step {
        let receipt = Receipt {
            number: self.task.cache.core.receipt + 1,
            incarnation: self.task.incarnation(),
            occasion: Occasion::Batch,
            first,
            last: self.sequence,
            time: self.now,
            commands,
            outcomes: self.taken.outcomes,
            messages: self.messages,
            sent: self
                .task
                .unsaid
                .iter()
                .map(|(channel, number)| (channel.clone(), *number))
                .collect(),
            received: self.taken.received.into_iter().collect(),
            reactors: self.taken.reactors.into_iter().collect(),
            pending: self.local.into(),
            parked: self.parked,
        };
        let mut records = self.events;
        records.push(self.task.record_of(&receipt));
        if plant::on(Bug::StateBeforeCommit) {
            for (key, entry) in &self.overlay {
                self.task.cache.put(key.clone(), entry.clone());
            }
        }
        Step {
            records,
            receipt,
            consumed,
            replies: self.replies,
            overlay: self.overlay,
        }
    }

    fn command(&mut self, stored: &Stored) -> Result<(), StateError> {
        match Resend::from_record(&stored.record) {
            Ok(None) => {}
            Ok(Some(resend)) => {
                self.task.note_resend(resend);
                return Ok(());
            }
            Err(error) => {
                self.dead_letter_record(stored, &error.to_string());
                return Ok(());
            }
        }
        let command = match Command::from_record(&stored.record) {
            Ok(command) => command,
            Err(error) => {
                self.dead_letter_record(stored, &error.to_string());
                return Ok(());
            }
        };
        let route = route(&self.task.cache, &mut self.taken, &command, self.now)?;
        let begun_too_often = self.task.position_is_deadly() && stored.offset == self.task.position();
        // A repeat is not decided, so it cannot be what killed the task.
        if begun_too_often && matches!(route, Route::Take) {
            let why = format!("its task ended {} times on it", super::DEADLY_ATTEMPTS);
            self.failed(&command.meta, &command.payload, "command.deadly", &why);
            return self.drain_local();
        }
        match route {
            Route::Take => {
                let request = Request::Command(&command.payload);
                self.ask(&Asked {
                    meta: &command.meta,
                    request,
                    payload: &command.payload,
                })?;
                self.drain_local()?;
            }
            Route::Drop => {}
            Route::Repeat(known) => {
                self.reply(&command.meta, Verdict::Outcome(known.outcome), known.sequence)
            }
            Route::OtherBody => self.reply(&command.meta, Verdict::OtherBody, 0),
            Route::Expired(at) => self.reply(&command.meta, Verdict::Expired { at }, 0),
            Route::Gap(channel) => {
                if self.task.stopped.insert(channel.clone()) {
                    tracing::error!(
                        ?channel,
                        "a message is missing on this channel; it stands still until it is sent again"
                    );
                }
            }
        }
        if let Origin::Task {
            incarnation,
            service,
            partition,
            ..
        } = &command.meta.origin
        {
            let channel = Channel {
                incarnation: *incarnation,
                service: service.clone(),
                partition: *partition,
            };
            if self.taken.received.contains_key(&channel) {
                self.task.stopped.remove(&channel);
            }
        }
        Ok(())
    }

    /// Messages to the own partition are handled in the batch that sends them, up to a limit.
    fn drain_local(&mut self) -> Result<(), StateError> {
        while self.handled_local < self.task.limits.local && self.size < self.task.limits.receipt {
            let Some(pending) = self.local.pop_front() else {
                break;
            };
            self.handled_local += 1;
            let request = Request::Command(&pending.payload);
            self.ask(&Asked {
                meta: &pending.meta,
                request,
                payload: &pending.payload,
            })?;
        }
        Ok(())
    }

    fn fire(&mut self, through: Timestamp) -> Result<(), StateError> {
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

    fn entry(&mut self, key: &Key) -> Result<&Entry, StateError> {
        if self.overlay.contains_key(key) {
            return Ok(&self.overlay[key]);
        }
        Ok(self.task.cache.entry(key)?)
    }

    /// Has an aggregate decide, and takes its decision up.
    fn ask(&mut self, asked: &Asked<'_>) -> Result<(), StateError> {
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

    fn send(&mut self, cause: &CommandMeta, index: u32, message: Message) {
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

    fn number(&mut self, channel: &Channel) -> u64 {
        let known = self.task.cache.core.out.get(channel).copied().unwrap_or(0);
        let last = self.out.entry(channel.clone()).or_insert(known);
        *last += 1;
        *last
    }

    fn accepted(&mut self, meta: &CommandMeta, reply: Vec<u8>) {
        self.size += reply.len() + 100;
        self.conclude(meta, Outcome::Accepted { reply });
    }

    /// The edge is told no, and so is a saga. Any other message that is refused was meant to be carried out:
    /// it is kept for a person to look at.
    fn rejected(&mut self, asked: &Asked<'_>, rejection: Rejection) {
        let meta = asked.meta;
        self.size += rejection.message.len() + 150;
        if matches!(meta.origin, Origin::Edge { .. }) {
            self.conclude(meta, Outcome::Rejected(rejection));
        } else if meta.step.is_some() {
            self.refuse_step(meta, &rejection.code);
        } else if matches!(asked.request, Request::Command(_)) {
            tracing::warn!(to = %meta.to, code = %rejection.code, "a message was rejected");
            let why = format!("{}: {}", rejection.code, rejection.message);
            self.dead_letter(meta.clone(), asked.payload.to_vec(), why);
        }
    }

    /// Keeps what could not be handled among the dead letters, and tells whoever asked.
    fn failed(&mut self, meta: &CommandMeta, payload: &[u8], code: &'static str, why: &str) {
        tracing::error!(to = %meta.to, id = %meta.id, code, why, "a command could not be handled");
        self.dead_letter(meta.clone(), payload.to_vec(), format!("{code}: {why}"));
        self.refuse_step(meta, code);
        self.conclude(
            meta,
            Outcome::Failed {
                code: code.into(),
                why: why.chars().take(500).collect(),
            },
        );
    }

    fn dead_letter_record(&mut self, stored: &Stored, why: &str) {
        tracing::error!(offset = stored.offset, why, "a record is no command");
        let id = CommandId::derive(0, &[&stored.record.payload, &stored.offset.to_be_bytes()]);
        let meta = CommandMeta {
            id,
            to: crate::Address {
                service: self.task.service().name().into(),
                aggregate: "unknown".into(),
                id: String::from_utf8_lossy(&stored.record.key).into_owned(),
            },
            actor: Actor::System,
            correlation: id,
            trace: None,
            origin: Origin::Local,
            step: None,
        };
        let payload = stored
            .record
            .payload
            .iter()
            .copied()
            .take(self.task.limits.receipt / 2)
            .collect();
        self.dead_letter(meta, payload, format!("command.unreadable: {why}"));
    }

    fn dead_letter(&mut self, meta: CommandMeta, payload: Vec<u8>, why: String) {
        let channel = Channel {
            incarnation: self.task.incarnation(),
            service: Cow::Owned(format!("{}!dead", self.task.service().name())),
            partition: self.task.partition,
        };
        let number = self.number(&channel);
        self.size += payload.len() + why.len() + 300;
        self.messages.push(Outgoing {
            channel,
            number,
            meta,
            payload,
            dead: Some(why),
        });
    }

    fn refuse_step(&mut self, meta: &CommandMeta, code: &str) {
        if let Some(step) = &meta.step {
            let answer = Message::answer::<()>(
                step,
                StepOutcome::Refused {
                    code: code.to_owned(),
                },
            );
            self.send(meta, u32::MAX, answer);
        }
    }

    fn conclude(&mut self, meta: &CommandMeta, outcome: Outcome) {
        if let Origin::Edge { fingerprint, .. } = meta.origin {
            self.reply(meta, Verdict::Outcome(outcome.clone()), self.sequence);
            let (id, sequence, time) = (meta.id, self.sequence, self.now);
            self.taken.outcomes.push(Remembered {
                id,
                fingerprint,
                sequence,
                time,
                outcome,
            });
        }
    }

    fn reply(&mut self, meta: &CommandMeta, verdict: Verdict, sequence: u64) {
        if let Origin::Edge {
            reply_to,
            fingerprint,
            ..
        } = &meta.origin
        {
            let incarnation = self.task.incarnation();
            self.replies.push(Reply {
                to: reply_to.clone(),
                id: meta.id,
                fingerprint: *fingerprint,
                verdict,
                incarnation,
                sequence,
            });
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}
