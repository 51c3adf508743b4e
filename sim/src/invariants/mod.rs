//! What must hold of every history, whatever went wrong. Each has one name and is checked in one place.

mod books;
mod engine;
mod history;
mod messages;
mod replay;

pub use books::{Books, evolve};
pub use history::{Arrived, Chronicle, History};

use crate::{clients::Acknowledged, log::Cluster, machines::Machines};
use interstate_schemas::Timestamp;

/// Everything that is known of a world that has ended.
pub struct Evidence<'w> {
    /// What the log says.
    pub history: &'w History,
    /// What people were told.
    pub journal: &'w [Acknowledged],
    /// What the log means.
    pub books: &'w dyn Books,
    /// The disks.
    pub machines: &'w Machines,
    /// The log itself.
    pub cluster: &'w Cluster,
    /// The most that any clock was ahead, in nanoseconds.
    pub fastest_clock: i64,
}

/// Something that must hold.
pub struct Invariant {
    /// Its name.
    pub name: &'static str,
    /// It holds although a command was put aside for a person, after its task had ended on it three times.
    always: bool,
    check: fn(&Evidence<'_>) -> Vec<String>,
}

/// All of them.
pub const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "an acknowledged command is in the log exactly once, with the answer that was given",
        always: true,
        check: engine::acknowledged_once,
    },
    Invariant {
        name: "nothing happens twice",
        always: true,
        check: engine::nothing_twice,
    },
    Invariant {
        name: "every message is handled exactly once, and in order",
        always: false,
        check: |of| of.books.messages_once(of.history),
    },
    Invariant {
        name: "no message counts as arrived that is not there yet",
        always: true,
        check: messages::there_when_counted,
    },
    Invariant {
        name: "nothing ends among the dead letters but what was begun three times",
        always: true,
        check: engine::dead_letters,
    },
    Invariant {
        name: "what came in time is not too late",
        always: true,
        check: engine::deadlines_after_backlog,
    },
    Invariant {
        name: "nobody takes a partition from its owner again and again",
        always: true,
        check: engine::no_fencing_war,
    },
    Invariant {
        name: "money is conserved",
        always: false,
        check: |of| of.books.money_is_conserved(),
    },
    Invariant {
        name: "money is captured once for what is done, and never otherwise",
        always: false,
        check: |of| of.books.captured_once(),
    },
    Invariant {
        name: "reservations do not overlap",
        always: true,
        check: |of| of.books.no_overlap(),
    },
    Invariant {
        name: "an address, and a telephone number, belongs to at most one account",
        always: true,
        check: |of| of.books.owned_twice(),
    },
    Invariant {
        name: "nothing stays half done",
        always: false,
        check: |of| of.books.nothing_half_done(),
    },
    Invariant {
        name: "a time that was given back stays free",
        always: false,
        check: |of| of.books.released_stays_free(of.journal),
    },
    Invariant {
        name: "every read model equals its replay",
        always: true,
        check: replay::read_models,
    },
    Invariant {
        name: "every state cache equals its replay",
        always: true,
        check: replay::caches,
    },
];

/// What does not hold, each with its invariant's name.
pub fn check(evidence: &Evidence<'_>) -> Vec<String> {
    INVARIANTS
        .iter()
        .filter(|invariant| invariant.always || !evidence.history.has_deadly_command())
        .flat_map(|invariant| {
            let found = (invariant.check)(evidence);
            found
                .into_iter()
                .take(5)
                .map(|what| format!("{}: {what}", invariant.name))
        })
        .collect()
}

/// What has not come to its end yet: sagas, deadlines, operations, messages, read models.
pub fn unfinished<B: Books>(
    chronicle: &mut Chronicle<B>,
    machines: &Machines,
    now: Timestamp,
) -> Vec<String> {
    if let Err(damage) = chronicle.catch_up() {
        return vec![format!("the log cannot be read: {damage}")];
    }
    let history = &chronicle.history;
    let mut open = Vec::new();
    if !history.has_deadly_command() {
        // What waits for such a command waits for a person.
        if machines.running().len() < machines.all.len() {
            open.push("every machine runs again: one does not".to_owned());
        }
        open.extend(chronicle.books.open(now));
        let undecided = chronicle.undecided();
        open.extend(undecided.map(|what| format!("every command is decided: {what}")));
    }
    for instance in machines.running() {
        for position in instance.kept.iter().chain([&instance.position]) {
            let service = position.service();
            for partition in 0..machines.partitions_of(service) {
                let batches = history.of(service, partition);
                let end = batches.last().map_or(0, |batch| batch.receipt.last);
                let at = position.sequence(partition);
                if at < end {
                    open.push(format!(
                        "every read model catches up: {service}/{partition} is at {at} of {end}"
                    ));
                }
            }
        }
        for (id, status) in instance.env.statuses.snapshot() {
            if status.unsent > 0 {
                open.push(format!(
                    "every message arrives: {} of {id} are unsent",
                    status.unsent
                ));
            }
        }
    }
    open
}
