//! What a sender counts as arrived stands at its target by then. A message that is missing is sent again in the
//! end, unless it was the last of its channel: that something was forgotten is seen here, and not by what came of it.

use super::Evidence;
use interstate_eventing::receipt::Channel;
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

/// From one partition to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// The generation of the sender's partitions.
    pub incarnation: u32,
    /// The sender.
    pub from: (Cow<'static, str>, u32),
    /// The target.
    pub to: (Cow<'static, str>, u32),
}

impl Way {
    /// As the sender's receipts name it.
    fn out_of((service, partition): (&'static str, u32), to: &Channel) -> Self {
        Self {
            incarnation: to.incarnation,
            from: (service.into(), partition),
            to: (to.service.clone(), to.partition),
        }
    }

    /// As the target's receipts name it.
    fn into((service, partition): (&'static str, u32), from: &Channel) -> Self {
        Self {
            incarnation: from.incarnation,
            from: (from.service.clone(), from.partition),
            to: (service.into(), partition),
        }
    }
}

pub(super) fn there_when_counted(evidence: &Evidence<'_>) -> Vec<String> {
    let history = evidence.history;
    // What went past the log of commands, or stands only in memory, is there once a receipt has taken it.
    let mut taken: BTreeMap<Way, Vec<(u64, u64)>> = BTreeMap::new();
    let mut dead = BTreeSet::new();
    for (place, at, batch) in history.written() {
        for (channel, number) in &batch.receipt.received {
            let way = Way::into(place, channel);
            taken.entry(way).or_default().push((*number, at));
        }
        let letters = batch.receipt.messages.iter().filter(|it| it.dead.is_some());
        dead.extend(letters.map(|it| (Way::out_of(place, &it.channel), it.number)));
    }
    let mut counted: BTreeMap<Way, u64> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (place, at, batch) in history.written() {
        for (channel, number) in &batch.receipt.sent {
            let way = Way::out_of(place, channel);
            let taken = taken.get(&way).map_or(&[][..], Vec::as_slice);
            let queued = history.queued.get(&way).map_or(&[][..], Vec::as_slice);
            let is_there = |wanted: u64| {
                taken.iter().any(|(upto, then)| *upto >= wanted && *then <= at)
                    || queued.iter().any(|(it, then)| *it == wanted && *then <= at)
            };
            let before = counted.get(&way).copied().unwrap_or(0);
            for wanted in before + 1..=*number {
                if !is_there(wanted) && !dead.contains(&(way.clone(), wanted)) {
                    let ((from, index), (to, other)) = (&way.from, &way.to);
                    wrong.push(format!(
                        "message {wanted} of {from}/{index} to {to}/{other}, counted in receipt {}",
                        batch.receipt.number
                    ));
                }
            }
            counted.insert(way, before.max(*number));
        }
    }
    wrong
}
