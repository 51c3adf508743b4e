//! When the ledger was last looked at. What follows from that holds for a moment only: a process may stand still
//! between its look and its insert, for so long that the tables have forgotten the block's token.

use std::time::{Duration, Instant};

/// How long after a look rows may be sent. In that time the tables take up far less than they remember.
const LASTS: Duration = Duration::from_secs(5);

/// A look at the ledger that found a block to be this process's to insert.
///
/// The time between the last question of [`Look::holds`] and the server's taking the rows is not covered but by the
/// tables' memory of tokens. Nor is the time of a machine that was stopped with its clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    asked: Instant,
}

impl Look {
    /// One whose questions are asked from now on.
    pub fn now() -> Self {
        Self {
            asked: Instant::now(),
        }
    }

    /// Whether what was found may still be relied on.
    pub fn holds(&self) -> bool {
        self.asked.elapsed() < LASTS
    }
}
