//! What a cancellation's terms depend on.

use interstate_schemas::{Money, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a rider cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RiderReason {
    /// Nobody's fault.
    ChangedPlans,
    /// The driver is late; excused only where the clock agrees.
    DriverLate,
    /// Another vehicle or driver came than was named.
    NotAsNamed,
    /// Somebody is ill.
    Medical,
    /// The vehicle or the driver does not seem safe.
    Unsafe,
}

/// Who ends the booking, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelCause {
    /// The rider.
    Rider {
        /// Why.
        reason: RiderReason,
    },
    /// The driver waited, called twice and nobody came.
    RiderNoShow,
    /// The driver, after accepting, where nobody else takes the trip.
    Driver {
        /// Whether the reason is one that the operator has published as valid.
        valid_reason: bool,
    },
    /// The driver did not come, and the rider leaves or has waited for hours.
    DriverNoShow,
    /// The operator.
    Operator,
    /// No driver was found in time.
    Unfulfilled,
    /// A closure, a flood, a riot, an official order. On the way, what was driven is priced instead.
    ForceMajeure,
}

/// How far the booking has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// No driver yet.
    Unassigned,
    /// A driver has it.
    Assigned,
    /// The driver is on the way.
    EnRoute,
    /// The driver is at the pickup.
    Arrived {
        /// Since then.
        since: Timestamp,
    },
}

/// Everything that the terms depend on besides the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelInput {
    /// Who ends the booking, and why.
    pub cause: CancelCause,
    /// How far it has come.
    pub progress: Progress,
    /// When it is cancelled.
    pub at: Timestamp,
    /// When it was booked.
    pub booked_at: Timestamp,
    /// The agreed pickup.
    pub pickup_at: Timestamp,
    /// The quote's payable.
    pub fare: Money,
    /// The quote's advance.
    pub advance: Money,
    /// What was captured so far, the advance or more. A hold that was not captured is voided, not refunded.
    pub captured: Money,
}

impl CancelInput {
    /// Whole minutes to the pickup, rounded down; below zero after it.
    pub fn minutes_to_pickup(&self) -> i64 {
        self.pickup_at.duration_since(self.at).as_secs().div_euclid(60)
    }

    /// Whether a driver had the trip.
    pub fn has_driver(&self) -> bool {
        self.progress != Progress::Unassigned
    }

    /// Whether the driver had set off.
    pub fn has_set_off(&self) -> bool {
        matches!(self.progress, Progress::EnRoute | Progress::Arrived { .. })
    }

    /// Since when the driver is at the pickup, where that is so.
    pub fn arrived_at(&self) -> Option<Timestamp> {
        match self.progress {
            Progress::Arrived { since } => Some(since),
            Progress::Unassigned | Progress::Assigned | Progress::EnRoute => None,
        }
    }
}
