//! What the engine promises of commands, messages, deadlines and ownership.

use super::Evidence;
use crate::{here::time_at, riders::Told};
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

/// Ledgers answer nothing and refuse nothing, so each message to one is exactly one event.
pub(super) fn messages_once(evidence: &Evidence<'_>) -> Vec<String> {
    let mut handled: BTreeMap<_, u32> = BTreeMap::new();
    for event in evidence
        .history
        .events()
        .filter(|event| event.aggregate == "ledger")
    {
        *handled.entry(event.causation).or_default() += 1;
    }
    let mut wrong = Vec::new();
    for message in evidence.history.messages() {
        let times = handled.get(&message.meta.id).copied().unwrap_or(0);
        if message.meta.to.aggregate == "ledger" && message.meta.step.is_none() && times != 1 {
            wrong.push(format!(
                "message {} to {} was handled {times} times",
                message.number, message.meta.to
            ));
        }
    }
    for (id, ledger) in &evidence.history.ledgers {
        let mut last: BTreeMap<&str, u32> = BTreeMap::new();
        for (from, number) in &ledger.notes {
            let last = last.entry(from).or_default();
            if *number != 0 && *number != *last + 1 {
                wrong.push(format!("note {number} of {from} follows note {last} in {id}"));
            }
            *last = *number;
        }
    }
    wrong
}

pub(super) fn dead_letters(evidence: &Evidence<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    for batches in evidence.history.batches.values() {
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
    let mut due_of = BTreeMap::new();
    for event in evidence.history.events() {
        if let Ok(crate::trade::offer::OfferEvent::Opened(opened)) = event.decode() {
            due_of.insert(event.subject.as_str(), opened.due);
        }
    }
    let decided: BTreeMap<_, _> = evidence
        .history
        .outcomes()
        .map(|(batch, remembered)| (remembered.id, batch.receipt.time))
        .collect();
    let mut wrong = Vec::new();
    for line in evidence.journal {
        if line.told != Told::No("offer.expired".into()) {
            continue;
        }
        let (Some(decided), Some(due)) = (decided.get(&line.id), due_of.get(line.to.id.as_str())) else {
            continue;
        };
        for arrived in evidence.history.arrived.get(&line.id).into_iter().flatten() {
            let at = time_at(arrived.at as i64 + evidence.fastest_clock);
            // One that had expired itself was passed over, and rightly.
            if at < *due && arrived.expires >= *decided {
                wrong.push(format!(
                    "`{}` was there at {at} at the latest, was due by {due}, and was refused",
                    line.what
                ));
            }
        }
    }
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
