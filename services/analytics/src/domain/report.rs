//! What reports hold. Stores answer with counts and sums of whole paise; whatever is divided is divided here, once
//! for all stores.

use super::{
    CityId,
    withdrawal::{Actor, Band, Cause},
};
use interstate_schemas::{Money, Timestamp, VehicleClass};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Trips of one day, corridor and class. Sorted in this order; the key of a list's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// The day, in the tariff's zone.
    pub day: Date,
    /// Where the trips start: the city that is nearest.
    pub origin: CityId,
    /// Where they go.
    pub destination: CityId,
    /// The class of vehicle.
    pub class: VehicleClass,
}

/// Rows of a list, and what all rows of its scope sum to, those of other pages too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<R, T> {
    /// The rows.
    pub rows: Vec<R>,
    /// The sum.
    pub total: T,
}

/// What became of bookings: each counts in every stage that it has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct BookingCounts {
    /// Quotes that were accepted.
    pub booked: u64,
    /// Their advance was paid.
    pub confirmed: u64,
    /// They had a driver.
    pub assigned: u64,
    /// They were driven.
    pub completed: u64,
    /// Somebody withdrew.
    pub cancelled: u64,
    /// Nobody was found to drive them.
    pub unfulfilled: u64,
    /// Their advance was not paid.
    pub lapsed: u64,
}

/// Bookings by the day on which they were made, corridor and class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BookingsRow {
    /// Which.
    #[serde(flatten)]
    pub group: Group,
    /// How many.
    #[serde(flatten)]
    pub counts: BookingCounts,
}

/// What trips and cancellations brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Takings {
    /// Trips that were priced.
    pub trips: u64,
    /// What riders pay for them, tax excluded. No event knows of tips.
    pub gross: Money,
    /// Our share of fares.
    pub commission: Money,
    /// What riders pay for cancelling, before tax, less what drivers get of it.
    pub fees: Money,
    /// What riders were promised at our cost.
    pub credits: Money,
    /// What went back to riders at our cost.
    pub refunds: Money,
}

impl Takings {
    /// Commission and fees, less credits and refunds at our cost.
    pub fn net(&self) -> Money {
        self.commission + self.fees - self.credits - self.refunds
    }

    /// Net revenue by gross value; nothing where no trip was priced.
    pub fn take_rate(&self) -> Option<f64> {
        share(self.net().amount, self.gross.amount)
    }
}

/// What trips of a group brought, by the day on which it was booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevenueRow {
    /// Which.
    pub group: Group,
    /// How much.
    pub takings: Takings,
}

/// The key of a row of withdrawals, in the order in which they are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WithdrawalKey {
    /// By the day on which somebody withdrew, corridor and class.
    #[serde(flatten)]
    pub group: Group,
    /// Whose it is.
    pub actor: Actor,
    /// Which row of the cancellation matrix.
    pub cause: Cause,
    /// How long before the pickup.
    pub band: Band,
}

/// How many withdrew, and what it cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct WithdrawalSums {
    /// How many.
    pub count: u64,
    /// What riders paid for it, tax included.
    pub fees: Money,
    /// What riders got back.
    pub refunds: Money,
    /// What riders were promised.
    pub credits: Money,
}

/// Withdrawals of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WithdrawalRow {
    /// Which.
    #[serde(flatten)]
    pub key: WithdrawalKey,
    /// How many.
    #[serde(flatten)]
    pub sums: WithdrawalSums,
}

/// All withdrawals of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WithdrawalTotal {
    /// Bookings made in the period.
    pub booked: u64,
    /// The withdrawals.
    pub sums: WithdrawalSums,
}

/// How quotes become bookings and bookings become trips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Funnel {
    /// Quotes that were issued.
    pub quotes: u64,
    /// Those of them that were booked within 24 hours.
    pub quotes_booked: u64,
    /// Bookings whose pickup was agreed for then.
    pub pickups: u64,
    /// Those of them that were driven.
    pub completed: u64,
}

impl Funnel {
    /// Quotes that become bookings.
    pub fn quote_to_book(&self) -> Option<f64> {
        share(self.quotes_booked as i64, self.quotes as i64)
    }

    /// Bookings that become trips.
    pub fn book_to_complete(&self) -> Option<f64> {
        share(self.completed as i64, self.pickups as i64)
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            quotes: self.quotes + other.quotes,
            quotes_booked: self.quotes_booked + other.quotes_booked,
            pickups: self.pickups + other.pickups,
            completed: self.completed + other.completed,
        }
    }
}

/// How long bookings waited for a driver, by the day on which they were confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Assignment {
    /// Bookings that were confirmed.
    pub confirmed: u64,
    /// Those of them that were given a driver.
    pub assigned: u64,
    /// Milliseconds from the confirmation to the first driver that half of them waited less than: of n times in
    /// order the one at place n/2, counted from 0 and rounded down.
    pub p50_ms: Option<u64>,
    /// The same of nine in ten: the one at place 9n/10.
    pub p90_ms: Option<u64>,
    /// Those that got another driver less than 6 hours before the pickup.
    pub changed_late: u64,
}

/// How long bookings of each day waited, and of all days.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assignments {
    /// By day, in order; days without confirmations are left out.
    pub days: Vec<(Date, Assignment)>,
    /// Of all days. Percentiles do not add up, so this is no sum.
    pub total: Assignment,
}

/// How invoices differ from what was quoted, for one line of trips that were priced in the period.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FareGap {
    /// The line's code.
    pub line: String,
    /// What the quotes said.
    pub quoted: Money,
    /// What the invoices say.
    pub invoiced: Money,
    /// The sum of the differences, each without its sign.
    pub gap: Money,
    /// What is left of that when what events explain is taken off each: nothing, or something is wrong.
    pub unexplained: Money,
}

impl FareGap {
    /// The gap by what was quoted.
    pub fn share(&self) -> Option<f64> {
        share(self.gap.amount, self.quoted.amount)
    }
}

/// Which row of the list of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActivityKey {
    /// The day.
    pub day: Date,
    /// The service whose event it is.
    pub service: String,
    /// The event's type.
    pub event_type: String,
}

/// How often something happened on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ActivityRow {
    /// What.
    #[serde(flatten)]
    pub key: ActivityKey,
    /// How often.
    pub events: u64,
}

/// Offers to drivers in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct OfferCounts {
    /// Offers that were made.
    pub made: u64,
    /// Those that were accepted.
    pub accepted: u64,
    /// Those that were declined.
    pub declined: u64,
    /// Those that nobody answered.
    pub expired: u64,
}

/// How far the facts are in one partition of a service's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceAt {
    /// The service.
    pub service: String,
    /// The partition.
    pub partition: u32,
    /// The last event of which there are facts; 0 where there is none.
    pub sequence: u64,
    /// When that happened.
    pub event_time: Option<Timestamp>,
}

/// A share, to four places; nothing of nothing.
pub fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0)
}

/// A class as events and stores write it.
pub const fn class_word(class: VehicleClass) -> &'static str {
    match class {
        VehicleClass::Hatchback => "HATCHBACK",
        VehicleClass::Sedan => "SEDAN",
        VehicleClass::Suv => "SUV",
        VehicleClass::PremiumSuv => "PREMIUM_SUV",
        VehicleClass::TempoTraveller => "TEMPO_TRAVELLER",
    }
}

/// The class of a word.
pub fn class_of(word: &str) -> Option<VehicleClass> {
    VehicleClass::ALL
        .into_iter()
        .find(|class| class_word(*class) == word)
}
