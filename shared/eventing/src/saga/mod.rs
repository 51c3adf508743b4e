//! Sagas as data: a table of steps, run by one engine inside the orchestrating aggregate's state.
//!
//! Before the pivot a failure unwinds what was done, in reverse; after it every step is asked for again until
//! it succeeds, and a person is called when that takes too long. Requests and compensations take the same
//! channel, so a compensation never overtakes its request; what the engine asks of participants is that both
//! can be repeated, and that a compensation leaves a tombstone where its request never came.

mod diagram;
mod engine;
mod state;

#[cfg(any(test, feature = "proof"))]
pub mod proof;

pub use engine::Orchestrator;
pub use state::{Phase, Progress, SagaEvent, SagaState, StepStatus};

use crate::Message;
use interstate_schemas::SignedDuration;

/// One row of a saga's table.
pub struct Step<A> {
    /// What the business calls it: `hold the advance`.
    pub name: &'static str,
    /// Asks for it. Repeats of the same request must do nothing more.
    pub request: fn(&A) -> Message,
    /// Takes it back, where there is something to take back. Cannot be refused.
    pub compensation: Option<fn(&A) -> Message>,
    /// An answer is expected within this time; then it is asked for again.
    pub answer_within: SignedDuration,
    /// How often it is asked for. Before the pivot it counts as failed then; after it, and at a pivot that
    /// cannot be taken back, a person is called.
    pub attempts: u32,
    /// Once it has succeeded, and what is asked for together with it, there is no way back.
    pub pivot: bool,
    /// It is asked for at the same time as the step above it, and the next step once both have succeeded.
    pub together: bool,
}

impl<A> Step<A> {
    /// Once it is asked for it may be done for good: it is asked for until its outcome is known.
    pub(crate) fn is_irrevocable(&self) -> bool {
        self.pivot && self.compensation.is_none()
    }
}

/// A saga's table. It reads like the business process.
pub struct Saga<A: 'static> {
    /// Its name, for the docs and the deadlines.
    pub name: &'static str,
    /// In order.
    pub steps: &'static [Step<A>],
}

impl<A> Saga<A> {
    /// The steps as they are asked for: each group at once, one group after the other.
    pub(crate) fn groups(&self) -> impl DoubleEndedIterator<Item = &'static [Step<A>]> {
        self.steps.chunk_by(|_, next| next.together)
    }
}
