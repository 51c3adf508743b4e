//! Which event led to which.

use interstate_eventing::{Event, message_id};
use interstate_schemas::CommandId;
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

/// Every command that a decision of these events may have sent, with the command that was decided.
fn messages(events: &[Event]) -> BTreeMap<CommandId, CommandId> {
    let sent = |event: &Event| {
        let (decided, cause) = (event.time, event.causation);
        (0..MESSAGES).map(move |index| (message_id(decided, cause, index), cause))
    };
    events.iter().flat_map(sent).collect()
}
