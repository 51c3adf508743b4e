//! Where a process can end between two writes, for tests that end it there.

use async_trait::async_trait;

/// What was done last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Documents are read; nothing is written.
    Loaded,
    /// One command of writes is carried out; others may follow.
    Written,
    /// All documents stand.
    Documents,
    /// What failed is parked.
    Parked,
    /// The position is moved, and nobody has heard of it.
    Moved,
}

/// Decides what happens at each step.
#[async_trait]
pub trait Steps: Send + Sync + 'static {
    /// Returns when it may go on.
    ///
    /// # Errors
    /// The process ends here, or its connection does.
    async fn reach(&self, step: Step) -> Result<(), String>;
}

/// Lets everything pass.
pub(super) struct Onward;

#[async_trait]
impl Steps for Onward {
    async fn reach(&self, _: Step) -> Result<(), String> {
        Ok(())
    }
}
