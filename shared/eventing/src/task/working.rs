//! One step: commands and due deadlines in, a batch out. Everything is decided, encoded, decoded,
//! size-checked and evolved on an overlay before anything is written.

use super::{
    Task,
    cache::{Entry, Key, StateError},
    route::{Route, Taken, route},
    step::{Reply, Step, Verdict},
};
use crate::{
    aggregate::Request,
    envelope::{Command, CommandMeta, Origin},
    plant::{self, Bug},
    receipt::{Channel, Occasion, Outgoing, ParkedDeadline, Pending, Receipt},
    resend::Resend,
};
use interstate_log::{Record, Stored};
use interstate_schemas::Timestamp;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// A step under way: what it has decided so far, over what the task knows.
pub(super) struct Working<'t> {
    pub(super) task: &'t mut Task,
    pub(super) now: Timestamp,
    pub(super) overlay: HashMap<Key, Entry>,
    pub(super) events: Vec<Record>,
    pub(super) sequence: u64,
    pub(super) out: BTreeMap<Channel, u64>,
    pub(super) messages: Vec<Outgoing>,
    pub(super) replies: Vec<Reply>,
    pub(super) parked: Vec<ParkedDeadline>,
    pub(super) taken: Taken,
    pub(super) local: VecDeque<Pending>,
    pub(super) handled_local: usize,
    pub(super) size: usize,
}

/// What is being decided.
pub(super) struct Asked<'a> {
    pub(super) meta: &'a CommandMeta,
    pub(super) request: Request<'a>,
    pub(super) payload: &'a [u8],
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
    pub(super) fn is_full(&self) -> bool {
        self.size >= self.task.limits.receipt || !self.local.is_empty()
    }

    pub(super) fn entry(&mut self, key: &Key) -> Result<&Entry, StateError> {
        if self.overlay.contains_key(key) {
            return Ok(&self.overlay[key]);
        }
        Ok(self.task.cache.entry(key)?)
    }

    fn close(mut self, first: u64, commands: u64, consumed: usize) -> Step {
        if plant::on(Bug::OutcomeBoundAfterwards) {
            std::mem::swap(&mut self.task.unbound, &mut self.taken.outcomes);
        }
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
        let most_unsent = self.task.limits.unsent;
        let route = route(&self.task.cache, &mut self.taken, &command, self.now, most_unsent)?;
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
            Route::Overloaded => self.reply(&command.meta, Verdict::Overloaded, 0),
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
    pub(super) fn drain_local(&mut self) -> Result<(), StateError> {
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
}
