//! Where a saga stands, as events have it.

use crate::Deadline;
use interstate_schemas::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Prefix of the names of a saga's deadlines.
pub(super) const DEADLINE: &str = "saga: ";

/// What happens to a saga. The orchestrating aggregate wraps it in one of its own events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum SagaEvent {
    /// It began.
    Started {
        /// Counts the runs of this saga in this aggregate, from 1.
        run: u32,
        /// The steps' names, in order.
        steps: Vec<Cow<'static, str>>,
    },
    /// A step was asked for.
    Requested {
        /// Its name.
        step: Cow<'static, str>,
        /// How many times, this one included.
        attempt: u32,
        /// When it is asked for again.
        due: Timestamp,
    },
    /// A step is done.
    Succeeded {
        /// Its name.
        step: Cow<'static, str>,
    },
    /// A step was refused, or gave no answer.
    Failed {
        /// Its name.
        step: Cow<'static, str>,
        /// Why.
        code: String,
        /// Whether that was the participant's word. Without one it may have been done, and is taken back.
        answered: bool,
    },
    /// What was done is taken back from here on.
    Unwinding {
        /// Why.
        because: String,
    },
    /// A step was asked to be taken back.
    CompensationRequested {
        /// Its name.
        step: Cow<'static, str>,
        /// How many times, this one included.
        attempt: u32,
        /// When it is asked for again.
        due: Timestamp,
    },
    /// A step is taken back.
    Compensated {
        /// Its name.
        step: Cow<'static, str>,
    },
    /// A step beyond the way back, or a compensation, does not succeed: a person must look.
    PersonCalled {
        /// Its name.
        step: Cow<'static, str>,
        /// The attempts so far.
        attempts: u32,
    },
    /// All steps are done.
    Completed,
    /// Everything is taken back.
    Unwound {
        /// Why it failed.
        because: String,
    },
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepStatus {
    /// Not asked for yet.
    Untouched,
    /// Asked for.
    Requested {
        /// How many times.
        attempt: u32,
        /// When it is asked for again.
        due: Timestamp,
    },
    /// Done.
    Done,
    /// Refused: nothing to take back.
    Refused,
    /// Given up without an answer: it may have been done.
    Unknown,
    /// Asked to be taken back.
    Compensating {
        /// How many times.
        attempt: u32,
        /// When it is asked for again.
        due: Timestamp,
    },
    /// Taken back.
    Compensated,
}

/// A step with its status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Its name.
    pub step: Cow<'static, str>,
    /// How far it is.
    pub status: StepStatus,
}

/// Which way a saga goes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Phase {
    /// It has not begun.
    #[default]
    Idle,
    /// Forwards.
    Running,
    /// Back.
    Unwinding {
        /// Why.
        because: String,
    },
    /// It reached its end.
    Completed,
    /// It is back at its beginning.
    Unwound {
        /// Why.
        because: String,
    },
}

/// A saga's state, a part of the orchestrating aggregate's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SagaState {
    /// Which run this is, from 1; 0 before the first.
    pub run: u32,
    /// Which way it goes.
    pub phase: Phase,
    /// Its steps, in order.
    pub steps: Vec<Progress>,
    /// Whether a person has been called.
    pub person_called: bool,
}

impl SagaState {
    /// The state after an event.
    pub fn evolve(&mut self, event: &SagaEvent) {
        match event {
            SagaEvent::Started { run, steps } => {
                self.run = *run;
                self.phase = Phase::Running;
                self.steps = steps
                    .iter()
                    .map(|step| Progress {
                        step: step.clone(),
                        status: StepStatus::Untouched,
                    })
                    .collect();
                self.person_called = false;
            }
            SagaEvent::Requested { step, attempt, due } => {
                self.set(
                    step,
                    StepStatus::Requested {
                        attempt: *attempt,
                        due: *due,
                    },
                );
            }
            SagaEvent::Succeeded { step } => self.set(step, StepStatus::Done),
            SagaEvent::Failed {
                step, answered: true, ..
            } => self.set(step, StepStatus::Refused),
            SagaEvent::Failed {
                step,
                answered: false,
                ..
            } => self.set(step, StepStatus::Unknown),
            SagaEvent::Unwinding { because } => {
                self.phase = Phase::Unwinding {
                    because: because.clone(),
                }
            }
            SagaEvent::CompensationRequested { step, attempt, due } => {
                self.set(
                    step,
                    StepStatus::Compensating {
                        attempt: *attempt,
                        due: *due,
                    },
                );
            }
            SagaEvent::Compensated { step } => self.set(step, StepStatus::Compensated),
            SagaEvent::PersonCalled { .. } => self.person_called = true,
            SagaEvent::Completed => self.phase = Phase::Completed,
            SagaEvent::Unwound { because } => {
                self.phase = Phase::Unwound {
                    because: because.clone(),
                }
            }
        }
    }

    fn set(&mut self, step: &str, status: StepStatus) {
        if let Some(progress) = self.steps.iter_mut().find(|progress| progress.step == step) {
            progress.status = status;
        }
    }

    /// How far a step is.
    pub fn status(&self, step: &str) -> Option<&StepStatus> {
        self.steps
            .iter()
            .find(|progress| progress.step == step)
            .map(|progress| &progress.status)
    }

    /// Whether it has reached an end.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Idle | Phase::Completed | Phase::Unwound { .. })
    }

    /// When the step or compensation under way is asked for again.
    pub fn deadlines(&self) -> Vec<Deadline> {
        if self.is_over() {
            return Vec::new();
        }
        let due = |progress: &Progress| match progress.status {
            StepStatus::Requested { due, .. } if self.phase == Phase::Running => Some(due),
            StepStatus::Compensating { due, .. } => Some(due),
            _ => None,
        };
        self.steps
            .iter()
            .filter_map(|progress| {
                Some(Deadline::new(
                    format!("{DEADLINE}{}", progress.step),
                    due(progress)?,
                ))
            })
            .collect()
    }

    /// The step that a deadline's name speaks of, where it is a saga's.
    pub fn step_of(deadline: &str) -> Option<&str> {
        deadline.strip_prefix(DEADLINE)
    }
}
