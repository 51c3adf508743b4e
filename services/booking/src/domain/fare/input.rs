//! What a price depends on. A quote's input is frozen in its event, so that the fare can be computed again
//! years later.

use crate::domain::tariff::BasisPoints;
use interstate_schemas::{Money, StateCode, Timestamp, TripKind, VehicleClass};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// From a moment up to, not including, another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

impl Interval {
    /// Whether the two share any time.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.from < other.to && other.from < self.to
    }

    /// Whether all of `other` lies inside.
    pub fn contains(&self, other: &Self) -> bool {
        self.from <= other.from && other.from <= other.to && other.to <= self.to
    }
}

/// Which kilometres count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum KmBasis {
    /// A quote: the planned route, at least the minimum.
    Planned,
    /// An invoice of a trip as booked: the quoted kilometres, then extra ones beyond the tolerance. A trip
    /// that was extended has the kilometres of the quote that the rider accepted last.
    AsBooked {
        /// The kilometres of the quote's KM line.
        quoted_km: u32,
    },
    /// The rider ended the trip early: what was driven, at least the minimum of the days that were started. Beyond the
    /// quoted kilometres nothing was early: the trip pays as booked, with that minimum.
    EndedEarly {
        /// The kilometres of the quote's KM line.
        quoted_km: u32,
    },
    /// The trip could not go on (breakdown, closed road): what was driven and no minimum.
    Abandoned,
}

/// When the vehicle is driven, which decides the night allowances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Driving {
    /// From start to end without a night's halt, as on a one-way trip.
    Throughout,
    /// By day: a night counts only where the trip starts or ends inside it. The plan of a trip of days.
    ByDay,
    /// Exactly then, as measured.
    During {
        /// Inside the trip's period; they may touch or overlap.
        intervals: Vec<Interval>,
    },
}

/// Where the vehicle waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WaitPlace {
    /// For the rider, from max(arrival, agreed time).
    Pickup,
    /// For the rider, from the landing.
    AirportPickup,
    /// At a meal.
    Meal,
}

/// One wait, the free minutes included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Wait {
    /// Where.
    pub place: WaitPlace,
    /// For how long.
    pub minutes: u32,
}

/// The tax of one state on a vehicle without an all-India permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateTax {
    /// The state that takes it.
    pub state: StateCode,
    /// For all days.
    pub amount: Money,
}

/// What it costs to enter other states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StateEntry {
    /// The trip stays in one state.
    NoBorder,
    /// Nothing: the All India Tourist Permit has paid it.
    CoveredByAitp,
    /// Each state takes its own.
    Taxed {
        /// By state, in the order of travel.
        taxes: Vec<StateTax>,
    },
}

/// Who is invoiced, as far as tax is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Recipient {
    /// Somebody without a GST registration.
    Unregistered,
    /// A business.
    Registered {
        /// The state of its GSTIN.
        state: StateCode,
    },
}

/// What the rider need not pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Discount {
    /// The promotion's code.
    pub promotion: String,
    /// How much, as a positive amount.
    pub amount: Money,
}

/// Everything that a price depends on besides the tariff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FareInput {
    /// The class of vehicle that was booked, also where a larger one came.
    pub class: VehicleClass,
    /// The shape of the trip.
    pub kind: TripKind,
    /// From pickup to drop.
    pub period: Interval,
    /// Metres of each leg, planned or measured. Summed, then rounded to whole kilometres once.
    pub leg_metres: Vec<u64>,
    /// Which kilometres count.
    pub km_basis: KmBasis,
    /// The factor of demand on the KM line, as frozen in the quote.
    pub factor: BasisPoints,
    /// Started hours beyond what was sold.
    pub extra_hours: u32,
    /// Where the vehicle waited.
    pub waits: Vec<Wait>,
    /// When the vehicle is driven.
    pub driving: Driving,
    /// Days with hill roads.
    pub hill_days: u32,
    /// Tolls: estimated in a quote, from the records in an invoice.
    pub toll: Money,
    /// What it costs to enter other states.
    pub state_entry: StateEntry,
    /// Parking, by receipt.
    pub parking: Money,
    /// What the rider need not pay.
    pub discount: Option<Discount>,
    /// The state in which the rider boards.
    pub boarding_state: StateCode,
    /// Who is invoiced.
    pub recipient: Recipient,
    /// What was paid in advance; none: nothing yet, the tariff's share will be asked for.
    pub advance_paid: Option<Money>,
}
