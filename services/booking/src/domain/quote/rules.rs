//! What may be quoted. The figures are the operator's; they travel in the command, so that a replay decides the
//! same after they change.

use interstate_schemas::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The operator's figures about notice and validity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuoteRules {
    /// Minutes between the quote and the pickup at least; market practice is one to three hours.
    pub notice_minutes: u32,
    /// Days ahead at most; market practice is 90 to 180.
    pub ahead_days: u32,
    /// Minutes for which the price is good.
    pub valid_minutes: u32,
}

impl Default for QuoteRules {
    fn default() -> Self {
        Self {
            notice_minutes: 180,
            ahead_days: 180,
            valid_minutes: 30,
        }
    }
}

impl QuoteRules {
    /// The first pickup that may be quoted now.
    pub fn earliest_pickup(&self, now: Timestamp) -> Timestamp {
        later(now, SignedDuration::from_mins(i64::from(self.notice_minutes)))
    }

    /// The last pickup that may be quoted now.
    pub fn latest_pickup(&self, now: Timestamp) -> Timestamp {
        later(now, SignedDuration::from_hours(24 * i64::from(self.ahead_days)))
    }

    /// When a quote of now runs out.
    pub fn expiry(&self, now: Timestamp) -> Timestamp {
        later(now, SignedDuration::from_mins(i64::from(self.valid_minutes)))
    }
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.saturating_add(by).unwrap_or(Timestamp::MAX)
}
