//! Participants that keep the contract: what is repeated does nothing more, what is taken back stays so.

use interstate_schemas::{StepOutcome, StepRef};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Done,
    Refused,
    /// Taken back, also where there was nothing to take back.
    Undone,
}

/// All participants, one a step.
#[derive(Default)]
pub(super) struct Participants {
    standing: BTreeMap<String, Standing>,
    /// What was sent to each, in order: requests and compensations take the same way.
    queues: BTreeMap<String, VecDeque<(StepRef, bool)>>,
}

impl Participants {
    pub(super) fn send(&mut self, step: StepRef, undo: bool) {
        let queue = self.queues.entry(step.step.to_string()).or_default();
        queue.push_back((step, undo));
    }

    /// What one of those that have something waiting gets next.
    pub(super) fn next(&mut self, which: u64) -> Option<(StepRef, bool)> {
        let waiting = self.queues.values().filter(|queue| !queue.is_empty()).count();
        let index = (which as usize).checked_rem(waiting)?;
        let mut queues = self.queues.values_mut().filter(|queue| !queue.is_empty());
        queues.nth(index)?.pop_front()
    }

    /// The first message that waits is there twice.
    pub(super) fn repeat_one(&mut self) {
        for queue in self.queues.values_mut() {
            if let Some(first) = queue.front().cloned() {
                return queue.push_front(first);
            }
        }
    }

    pub(super) fn is_done(&self, step: &str) -> bool {
        self.standing.get(step) == Some(&Standing::Done)
    }

    pub(super) fn handle(
        &mut self,
        step: &StepRef,
        undo: bool,
        refuse: bool,
        remembers: bool,
        value: Value,
    ) -> StepOutcome<Value> {
        let name = step.step.to_string();
        let refused = || StepOutcome::Refused {
            code: "proof.refused".to_owned(),
        };
        if undo {
            self.standing.insert(name, Standing::Undone);
            return StepOutcome::Undone;
        }
        match self.standing.get(&name) {
            Some(Standing::Done) => StepOutcome::Done(value),
            Some(Standing::Refused | Standing::Undone) => refused(),
            None if refuse => {
                if remembers {
                    self.standing.insert(name, Standing::Refused);
                }
                refused()
            }
            None => {
                self.standing.insert(name, Standing::Done);
                StepOutcome::Done(value)
            }
        }
    }
}
