//! What stands in a calendar, and what can be said against putting it there.

use super::interval::Interval;
use interstate_schemas::{BookingId, DutyId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// For whom or what time is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Holder {
    /// A booking's trip.
    Booking(BookingId),
    /// Rest, leave or service.
    Block(DutyId),
}

/// One attempt of a holder to get time. A booking that gave a driver back and comes again does so under a
/// higher attempt, so that messages of the earlier one, however late, cannot touch the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// Who wants the time.
    pub holder: Holder,
    /// Counts up with every new attempt.
    pub attempt: u32,
}

impl Claim {
    /// An attempt of a booking.
    pub const fn booking(booking: BookingId, attempt: u32) -> Self {
        Self {
            holder: Holder::Booking(booking),
            attempt,
        }
    }

    /// Rest, leave or service.
    pub const fn block(duty: DutyId) -> Self {
        Self {
            holder: Holder::Block(duty),
            attempt: 0,
        }
    }
}

/// Why a driver or a vehicle takes no trips for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BlockReason {
    /// Rest that is owed.
    Rest,
    /// Leave that the driver asked for.
    Leave,
    /// The vehicle is in the workshop.
    Service,
}

/// How firmly time is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DutyState {
    /// The driver accepted, the booking has not confirmed: gives way to anyone from `expires_at` on.
    Tentative {
        /// The first moment at which it no longer counts.
        expires_at: Timestamp,
    },
    /// Confirmed.
    Reserved,
    /// The driver is on the way or on the trip.
    Active,
    /// Driven; kept because its hours count for a week.
    Closed,
    /// Not available for trips.
    Blocked {
        /// Why.
        reason: BlockReason,
    },
}

/// How time is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "hold", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Hold {
    /// Until the booking confirms, at most up to that moment.
    Tentative {
        /// The first moment at which it no longer counts.
        expires_at: Timestamp,
    },
    /// For good.
    Firm,
    /// For no trip at all.
    Block {
        /// Why.
        reason: BlockReason,
    },
}

impl From<Hold> for DutyState {
    fn from(hold: Hold) -> Self {
        match hold {
            Hold::Tentative { expires_at } => Self::Tentative { expires_at },
            Hold::Firm => Self::Reserved,
            Hold::Block { reason } => Self::Blocked { reason },
        }
    }
}

/// One entry of a calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Duty {
    /// Whose it is.
    pub claim: Claim,
    /// How firm it is.
    pub state: DutyState,
    /// What nobody else can have: time on duty and the rest owed after it.
    pub reserved: Interval,
    /// The part of `reserved` on duty. For a block it is all of it and means nothing.
    pub on_duty: Interval,
    /// Minutes at the wheel: planned, and after the close driven. Nothing where nobody could say.
    pub driving_minutes: Option<u32>,
    /// What the first reservation asked for, to know a repeated one by.
    pub asked: Interval,
}

impl Duty {
    /// Whether it is work: a block is not, although nobody can have its time either.
    pub const fn is_work(&self) -> bool {
        !matches!(self.state, DutyState::Blocked { .. })
    }

    /// Whether a reservation under `claim` replaces it: an earlier attempt of the same holder, unless it was
    /// driven.
    pub fn gives_way_to(&self, claim: Claim) -> bool {
        self.claim.holder == claim.holder
            && self.claim.attempt < claim.attempt
            && self.state != DutyState::Closed
    }

    /// Whether it is kept for a booking that has yet to confirm it.
    pub const fn is_tentative(&self) -> bool {
        matches!(self.state, DutyState::Tentative { .. })
    }

    /// Whether it still counts at `now`: all but a tentative one that has expired.
    pub fn counts_at(&self, now: Timestamp) -> bool {
        !matches!(self.state, DutyState::Tentative { expires_at } if expires_at <= now)
    }
}

/// What is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Overlap {
    /// Whose it is.
    pub with: Claim,
    /// What it holds.
    pub held: Interval,
}

/// Why time was not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[serde(tag = "refused", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Somebody else has it.
    #[error("the time from {} is already taken", .overlap.held)]
    Overlap {
        /// The first thing in the way.
        overlap: Overlap,
    },
    /// This attempt, or a later one of the same holder, was released before.
    #[error("this attempt was released before it could reserve")]
    AlreadyReleased,
    /// A later attempt of the same holder has time here; this one is a straggler.
    #[error("attempt {current} of the same booking has taken over")]
    Superseded {
        /// The attempt that holds.
        current: u32,
    },
    /// The same attempt asked for another interval before.
    #[error("this attempt already asked for {asked}")]
    AskedDifferently {
        /// What it asked for then.
        asked: Interval,
    },
    /// It is over for so long that the calendar has forgotten the time.
    #[error("the calendar no longer knows what happened before {before}")]
    LongPast {
        /// Where its memory begins.
        before: Timestamp,
    },
    /// The holder has nothing here under that attempt.
    #[error("nothing is reserved under this attempt")]
    NotHeld,
}

/// What a reservation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reserved {
    /// The time was free and is taken now.
    Taken,
    /// It was tentative and is firm now.
    Confirmed,
    /// It had been done before; nothing changed.
    Already,
}

/// What a release did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Released {
    /// The time is free again.
    Freed,
    /// Nothing was held. If the reservation is still on its way, it will be refused.
    Nothing,
    /// The duty is over; its hours stay in the calendar.
    WasClosed,
}

/// A duty that ran, or would run, into the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clash {
    /// Whose time comes too early now, rest included: give it to another driver.
    pub next: Overlap,
}
