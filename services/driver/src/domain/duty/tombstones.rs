//! What was released, so that a reservation that comes later is refused.

use super::entry::{Claim, Holder};
use interstate_schemas::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The mark of a release: no attempt up to `attempt` of that holder gets time any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Tombstone {
    /// Whose attempts are over.
    pub holder: Holder,
    /// The last of them.
    pub attempt: u32,
    /// When it was last told so.
    pub released_at: Timestamp,
}

/// The tombstones of one calendar, at most one a holder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Tombstones {
    /// By holder.
    by_holder: Vec<Tombstone>,
}

impl Tombstones {
    /// Whether that attempt, or a later one of its holder, was released.
    pub fn cover(&self, claim: Claim) -> bool {
        self.find(claim.holder)
            .is_ok_and(|at| claim.attempt <= self.by_holder[at].attempt)
    }

    pub(super) fn bury(&mut self, claim: Claim, now: Timestamp) {
        match self.find(claim.holder) {
            Ok(at) => {
                let tombstone = &mut self.by_holder[at];
                tombstone.attempt = tombstone.attempt.max(claim.attempt);
                tombstone.released_at = tombstone.released_at.max(now);
            }
            Err(at) => self.by_holder.insert(
                at,
                Tombstone {
                    holder: claim.holder,
                    attempt: claim.attempt,
                    released_at: now,
                },
            ),
        }
    }

    pub(super) fn prune(&mut self, before: Timestamp) {
        self.by_holder.retain(|tombstone| tombstone.released_at > before);
    }

    fn find(&self, holder: Holder) -> Result<usize, usize> {
        self.by_holder
            .binary_search_by_key(&holder, |tombstone| tombstone.holder)
    }
}
