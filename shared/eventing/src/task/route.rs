//! Which commands a task takes: repeats are recognised by where the command comes from.

use super::cache::Cache;
use crate::{
    envelope::{Command, Origin},
    plant::{self, Bug},
    receipt::{Cause, Channel, ReactorSource, Remembered},
    task::StateError,
};
use interstate_schemas::Timestamp;
use std::collections::BTreeMap;

/// What to do with a command.
pub(super) enum Route {
    /// Decide it.
    Take,
    /// It has been handled before; nobody waits for an answer.
    Drop,
    /// It has been decided before: the remembered reply.
    Repeat(Remembered),
    /// The same id came with another body.
    OtherBody,
    /// It came after its time.
    Expired(Timestamp),
    /// Too much waits to be sent.
    Overloaded,
    /// A message before it is missing: its channel stands still.
    Gap(Channel),
}

/// What this step has taken so far, over what the cache knows.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) received: BTreeMap<Channel, u64>,
    pub(super) reactors: BTreeMap<ReactorSource, Cause>,
    pub(super) outcomes: Vec<Remembered>,
}

pub(super) fn route(
    cache: &Cache,
    taken: &mut Taken,
    command: &Command,
    now: Timestamp,
    most_unsent: usize,
) -> Result<Route, StateError> {
    match &command.meta.origin {
        Origin::Local => Ok(Route::Take),
        Origin::Edge {
            fingerprint, expires, ..
        } => {
            let id = command.meta.id;
            let known = match taken.outcomes.iter().find(|outcome| outcome.id == id) {
                Some(outcome) => Some(outcome.clone()),
                None => cache.remembered(id, now)?,
            };
            Ok(match known {
                Some(_) if plant::on(Bug::NoDeduplication) => Route::Take,
                Some(outcome) if outcome.fingerprint == *fingerprint => Route::Repeat(outcome),
                Some(_) => Route::OtherBody,
                None if *expires < now => Route::Expired(*expires),
                None if cache.unsent_count() >= most_unsent => Route::Overloaded,
                None => Route::Take,
            })
        }
        Origin::Task {
            incarnation,
            service,
            partition,
            number,
        } => {
            let channel = Channel {
                incarnation: *incarnation,
                service: service.clone(),
                partition: *partition,
            };
            let last = taken
                .received
                .get(&channel)
                .or_else(|| cache.core.received.get(&channel))
                .copied()
                .unwrap_or(0);
            if *number > last + 1 && !plant::on(Bug::ChannelAcceptsGap) {
                return Ok(Route::Gap(channel));
            }
            if *number <= last && !plant::on(Bug::NoDeduplication) {
                return Ok(Route::Drop);
            }
            taken.received.insert(channel, *number);
            Ok(Route::Take)
        }
        Origin::Reactor {
            name,
            incarnation,
            service,
            partition,
            sequence,
            index,
        } => {
            let channel = Channel {
                incarnation: *incarnation,
                service: service.clone(),
                partition: *partition,
            };
            let source = ReactorSource {
                name: name.clone(),
                channel,
            };
            let cause = Cause {
                sequence: *sequence,
                index: *index,
            };
            let last = taken
                .reactors
                .get(&source)
                .or_else(|| cache.core.reactors.get(&source));
            if last.is_some_and(|last| cause <= *last) && !plant::on(Bug::NoDeduplication) {
                return Ok(Route::Drop);
            }
            taken.reactors.insert(source, cause);
            Ok(Route::Take)
        }
    }
}
