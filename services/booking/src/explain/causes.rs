//! Which event led to which.

use interstate_eventing::{Event, answer_id, message_id};
use interstate_schemas::{CommandId, OperationId, PROPOSE};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Decisions send a few messages; more than any sends.
const MESSAGES: u32 = 32;

/// The order of a story, and the links in it.
pub(super) struct Causes<'a> {
    ordered: Vec<&'a Event>,
    /// The number of the first entry of the decision that sent a command.
    senders: BTreeMap<CommandId, usize>,
}

impl<'a> Causes<'a> {
    pub(super) fn of(events: &'a [Event]) -> Self {
        let sent_by = messages(events);
        let depth = |event: &Event| {
            let mut steps = 0;
            let mut command = event.causation;
            while let Some(sender) = sent_by.get(&command).filter(|_| steps < events.len()) {
                command = *sender;
                steps += 1;
            }
            steps
        };
        let mut ordered: Vec<&Event> = events.iter().collect();
        // Of what happened in the same millisecond, causes first.
        ordered.sort_by_cached_key(|event| {
            (
                event.time,
                depth(event),
                event.service.to_string(),
                event.partition,
                event.sequence,
            )
        });
        let mut decided: BTreeMap<CommandId, usize> = BTreeMap::new();
        for (index, event) in ordered.iter().enumerate() {
            decided.entry(event.causation).or_insert(index);
        }
        let senders = sent_by
            .iter()
            .filter_map(|(message, sender)| Some((*message, *decided.get(sender)?)))
            .collect();
        Self { ordered, senders }
    }

    pub(super) fn in_order(&self) -> &[&'a Event] {
        &self.ordered
    }

    /// The entry that led to this event, counted from 0.
    pub(super) fn cause(&self, event: &Event) -> Option<usize> {
        self.senders.get(&event.causation).copied()
    }
}

/// Every command that a decision of these events may have led to, with the command that was decided: messages that
/// it sent, and what effects answered to its events.
fn messages(events: &[Event]) -> BTreeMap<CommandId, CommandId> {
    let sent = |event: &Event| {
        let (decided, cause) = (event.time, event.causation);
        let messages = (0..MESSAGES).map(move |index| message_id(decided, cause, index));
        messages
            .chain([answer_id(PROPOSE, event.id)])
            .map(move |command| (command, cause))
    };
    let mut links: BTreeMap<CommandId, CommandId> = events.iter().flat_map(sent).collect();
    links.extend(results(events));
    links
}

/// Results of operations in the outside world. Their commands' ids depend on what came of them, but each result
/// names its operation, and so does the event that wanted it.
fn results(events: &[Event]) -> impl Iterator<Item = (CommandId, CommandId)> {
    #[derive(Deserialize)]
    struct Names {
        operation: OperationId,
    }
    let named = |event: &Event| {
        let names: Names = serde_json::from_slice(&event.payload).ok()?;
        Some((names.operation, event.causation))
    };
    let is = |event: &&Event, what: &str| event.event_type.contains(what);
    let wanted: BTreeMap<OperationId, CommandId> = events
        .iter()
        .filter(|event| is(event, ".operation_requested."))
        .filter_map(named)
        .collect();
    let closed = events.iter().filter(move |event| is(event, ".operation_closed."));
    closed.filter_map(named).filter_map(move |(operation, result)| {
        let wanted = *wanted.get(&operation)?;
        (wanted != result).then_some((result, wanted))
    })
}
