//! What the engine promises of commands, messages, deadlines and ownership.

use super::Evidence;
use crate::{clients::Told, here::time_at};
use interstate_eventing::{
    receipt::{Occasion, Outcome},
    task::DEADLY_ATTEMPTS,
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn acknowledged_once(evidence: &Evidence<'_>) -> Vec<String> {
    let mut known: BTreeMap<_, Vec<&Outcome>> = BTreeMap::new();
    for (_, remembered) in evidence.history.outcomes() {
        known.entry(remembered.id).or_default().push(&remembered.outcome);
    }
    let mut wrong = Vec::new();
    for line in evidence.journal {
        let found = known.get(&line.id).map_or(&[][..], Vec::as_slice);
        let told = match found {
            [Outcome::Accepted { reply }] => Told::Yes(reply.clone()),
            [Outcome::Rejected(no)] => Told::No(no.code.clone().into_owned()),
            [Outcome::Failed { code, .. }] => Told::No(code.clone().into_owned()),
            _ => {
                wrong.push(format!("`{}` is there {} times", line.what, found.len()));
                continue;
            }
        };
        if told != line.told {
            wrong.push(format!(
                "`{}` was told {:?}, the log says {told:?}",
                line.what, line.told
            ));
        }
    }
    wrong
}

pub(super) fn nothing_twice(evidence: &Evidence<'_>) -> Vec<String> {
    let mut events = BTreeSet::new();
    let mut versions: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut wrong = Vec::new();
    for event in evidence.history.events() {
        if !events.insert(event.id) {
            wrong.push(format!(
                "{} of {} is there twice",
                event.event_type, event.subject
            ));
        }
        let version = versions.entry((&event.aggregate, &event.subject)).or_default();
        *version += 1;
        if *version != event.version {
            wrong.push(format!(
                "event {version} of {} says that it is the {}th",
                event.subject, event.version
            ));
        }
    }
    let mut commands = BTreeSet::new();
    for (_, remembered) in evidence.history.outcomes() {
        if !commands.insert(remembered.id) {
            wrong.push(format!("command {} was decided twice", remembered.id));
        }
    }
    wrong
}

pub(super) fn dead_letters(evidence: &Evidence<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    for batches in evidence.history.partitions() {
        let (mut begun, mut position) = (0, 0);
        for receipt in batches.iter().map(|batch| &batch.receipt) {
            for message in &receipt.messages {
                let Some(why) = &message.dead else { continue };
                if !why.starts_with("command.deadly") || begun < DEADLY_ATTEMPTS {
                    wrong.push(format!(
                        "a message to {}, begun {begun} times: {why}",
                        message.meta.to
                    ));
                }
            }
            if receipt.commands != position {
                (begun, position) = (0, receipt.commands);
            }
            begun += u32::from(receipt.occasion == Occasion::Try);
        }
    }
    wrong
}

/// Where the log keeps commands: one that stood in the partition before a deadline was due on any clock is
/// decided before the deadline fires.
pub(super) fn deadlines_after_backlog(evidence: &Evidence<'_>) -> Vec<String> {
    let decided: BTreeMap<_, _> = evidence
        .history
        .outcomes()
        .map(|(batch, remembered)| (remembered.id, batch.receipt.time))
        .collect();
    let mut wrong = Vec::new();
    for line in evidence.journal {
        let (Some(decided), Some(due)) = (decided.get(&line.id), evidence.books.due_of(line)) else {
            continue;
        };
        for arrived in evidence.history.arrived.get(&line.id).into_iter().flatten() {
            let at = time_at(arrived.at as i64 + evidence.fastest_clock);
            // One that had expired itself was passed over, and rightly.
            if at < due && arrived.expires >= *decided {
                wrong.push(format!(
                    "`{}` was there at {at} at the latest, was due by {due}, and was refused",
                    line.what
                ));
            }
        }
    }
    wrong.extend(evidence.books.overtaken());
    wrong
}

pub(super) fn no_fencing_war(evidence: &Evidence<'_>) -> Vec<String> {
    evidence
        .cluster
        .stubborn_strangers()
        .into_iter()
        .filter(|(_, _, count)| *count >= 3)
        .map(|(id, process, count)| format!("process {} took {id} {count} times from its owner", process.0))
        .collect()
}
