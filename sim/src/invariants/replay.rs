//! What is derived equals what the log derives it from.

use super::Evidence;
use crate::{machines::fold, read_models::Replays};
use futures::FutureExt;
use interstate_eventing::{
    projection::{MemoryReadModel, Position, ReadModel},
    runtime::Stores,
    store::MemoryStore,
    task::{Limits, Task},
};
use interstate_log::PartitionId;

pub(super) fn read_models(evidence: &Evidence<'_>) -> Vec<String> {
    let mut wrong = counted(evidence);
    let (machines, mut replays) = (evidence.machines, Replays::default());
    for machine in &machines.all {
        for kept in machine.kept.iter() {
            let partitions = machines.partitions_of(kept.service());
            let differences = kept.differences(evidence.history, partitions, &mut replays);
            wrong.extend(
                differences
                    .iter()
                    .map(|what| format!("on {}: {what}", machine.name)),
            );
        }
    }
    wrong
}

/// The count of events that every world's machines keep.
fn counted(evidence: &Evidence<'_>) -> Vec<String> {
    let expected = MemoryReadModel::new("replay", fold);
    let machines = evidence.machines;
    for partition in 0..machines.followed_partitions() {
        let source = PartitionId::new(machines.followed, partition);
        for batch in evidence.history.of(machines.followed, partition) {
            let applied = expected.apply(&source, &batch.events, Position::behind(batch));
            if !matches!(applied.now_or_never(), Some(Ok(_))) {
                return vec!["the replay itself failed".into()];
            }
        }
    }
    let expected = expected.rows();
    let mut wrong = Vec::new();
    for machine in &evidence.machines.all {
        let rows = machine.model.rows();
        for (key, value) in &expected {
            if rows.get(key) != Some(value) {
                let text = |bytes: Option<&Vec<u8>>| bytes.map(|it| String::from_utf8_lossy(it).into_owned());
                wrong.push(format!(
                    "on {} `{key}` is {:?}, its replay says {:?}",
                    machine.name,
                    text(rows.get(key)),
                    text(Some(value))
                ));
            }
        }
        if rows.len() > expected.len() {
            wrong.push(format!("{} has rows of events that never were", machine.name));
        }
    }
    wrong
}

pub(super) fn caches(evidence: &Evidence<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    for service in &evidence.machines.services {
        for partition in 0..service.partition_count() {
            let open = |store| {
                let topology = evidence.machines.topology.clone();
                Task::open(service.clone(), topology, partition, store, Limits::default())
            };
            let brought_up = |store| -> Result<_, String> {
                let mut task = open(store).map_err(|error| error.to_string())?;
                let from = task.next();
                let batches = evidence.history.of(service.name(), partition).iter();
                for batch in batches.skip_while(|batch| batch.next <= from) {
                    task.replay(batch).map_err(|error| error.to_string())?;
                }
                task.dump().map_err(|error| error.to_string())
            };
            let expected = brought_up(Box::<MemoryStore>::default());
            for machine in &evidence.machines.all {
                let Ok(cached) = machine.disk.open(service.name(), partition) else {
                    continue;
                };
                let found = brought_up(cached);
                if found != expected {
                    let name = format!("{} {}/{partition}", machine.name, service.name());
                    wrong.push(difference(&name, found, &expected));
                }
            }
        }
    }
    wrong
}

type Dump = Result<std::collections::BTreeMap<String, Vec<u8>>, String>;

fn difference(name: &str, found: Dump, expected: &Dump) -> String {
    match (found, expected) {
        (Ok(found), Ok(expected)) => {
            let keys = found.keys().chain(expected.keys());
            let differ = keys
                .filter(|key| found.get(*key) != expected.get(*key))
                .map(|key| key.escape_debug().to_string())
                .next();
            format!("the cache of {name} differs at {differ:?}")
        }
        (Err(why), _) => format!("the cache of {name} cannot be replayed: {why}"),
        (Ok(_), Err(why)) => format!("{name} cannot be replayed: {why}"),
    }
}
