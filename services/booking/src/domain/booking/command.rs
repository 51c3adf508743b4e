//! What a booking can be asked.

use super::Order;
use crate::domain::{cancellation::RiderReason, fare::Interval};
use interstate_schemas::{AddressedCommand, BookingAnswer, DriverId, Money, StepReply, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a booking can be asked. `Step`, `BalancePaid` and `DriverUnavailable` are those of
/// [`BookingMessage`](interstate_schemas::BookingMessage).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum BookingCommand {
    /// The quote was accepted.
    Book(Box<Order>),
    /// A step of its saga ended.
    Step(StepReply<BookingAnswer>),
    /// The balance was paid.
    BalancePaid {
        /// How much.
        amount: Money,
        /// When.
        at: Timestamp,
    },
    /// The driver may not drive any more.
    DriverUnavailable {
        /// Who.
        driver: DriverId,
        /// Which search found them.
        search: u32,
    },
    /// Somebody withdraws. Answers the terms.
    Cancel {
        /// As whom and why.
        by: CancelBy,
    },
    /// What withdrawing would cost and give now. Answers the terms; nothing happens.
    PreviewCancel {
        /// As whom and why.
        by: CancelBy,
    },
    /// The driver still comes.
    Confirm,
    /// The driver is on the way to the pickup.
    SetOff,
    /// The driver is at the pickup.
    Arrive,
    /// The rider is in the vehicle. The edge has compared the rider's code; the code itself goes no further.
    Start {
        /// Whether the code was right.
        code_matches: bool,
        /// Tells one code from another, keyed: two wrong ones under one `Idempotency-Key` are two requests, and who
        /// tries them all with one key is told so. Nothing is decided by it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        given: Option<String>,
    },
    /// The trip is over.
    End(TripRecord),
    /// A named moment has come.
    Due {
        /// Its name.
        deadline: String,
    },
}

impl AddressedCommand for BookingCommand {
    const SERVICE: &'static str = "booking";
    const AGGREGATE: &'static str = "booking";
}

/// Who withdraws, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "as", rename_all = "snake_case")]
pub enum CancelBy {
    /// The rider.
    Rider {
        /// Why.
        reason: RiderReason,
    },
    /// The driver gives the trip back; another one is sought.
    Driver {
        /// Whether the reason is one that the operator has published as valid.
        valid_reason: bool,
    },
    /// The driver waited at the pickup, and nobody came.
    RiderNoShow,
    /// The operator's staff.
    Operator,
    /// The operator's staff: nobody could have prevented it.
    ForceMajeure,
}

/// What the trip was like, as measured. What is not given is as planned.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TripRecord {
    /// When the rider got out; now, where nothing is said.
    pub ended_at: Option<Timestamp>,
    /// Metres driven with the rider.
    pub metres: Option<u32>,
    /// Tolls by the FASTag record or receipt.
    pub toll: Option<Money>,
    /// Parking by receipt.
    pub parking: Option<Money>,
    /// When the vehicle moved; decides about the nights.
    pub driving: Option<Vec<Interval>>,
    /// Whether the rider ended the trip before its destination.
    pub ended_early: bool,
    /// How much of the balance the driver took in cash.
    pub cash_collected: Option<Money>,
}

/// The answer to [`BookingCommand::Start`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum StartOutcome {
    /// The trip has begun.
    Started,
    /// The code was wrong.
    WrongCode {
        /// Attempts that are left.
        attempts_left: u32,
    },
}
