//! Why a trip has no price.

use super::LineCode;
use crate::domain::tariff::BasisPoints;
use interstate_schemas::{Money, VehicleClass};

/// Why a trip has no price. Nothing was charged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FareError {
    /// The operator does not sell the class.
    #[error("the tariff does not sell {0:?}: choose another class")]
    ClassNotSold(VehicleClass),
    /// The tariff names a zone that the time-zone database does not know.
    #[error("the tariff's time zone `{0}` is unknown: publish a version with an IANA name")]
    UnknownTimeZone(String),
    /// The end lies before the start.
    #[error("the trip ends before it starts")]
    PeriodReversed,
    /// A moment that no calendar reaches.
    #[error("the trip's dates are beyond the calendar")]
    DateOutOfRange,
    /// More calendar days than the tariff prices.
    #[error("the trip is too long: at most {limit} calendar days are priced at once")]
    TooManyDays {
        /// The tariff's limit.
        limit: u32,
    },
    /// More kilometres than the tariff prices.
    #[error("the trip is too long: at most {limit} km are priced at once")]
    TooManyKm {
        /// The tariff's limit.
        limit: u32,
    },
    /// Waiting or extra hours that are longer than the longest trip.
    #[error("{line}: more time than a trip of {limit_days} days has")]
    TooMuchTime {
        /// Which line.
        line: LineCode,
        /// The tariff's limit.
        limit_days: u32,
    },
    /// More hill days than the trip has days.
    #[error("{hill_days} hill days in a trip of {days} days")]
    HillDaysExceedTrip {
        /// As given.
        hill_days: u32,
        /// Calendar days of the trip.
        days: u32,
    },
    /// Driving outside of the trip.
    #[error("the vehicle was driven outside of the trip's start and end")]
    DrivingOutsideTrip,
    /// A factor that the rules do not allow where the rider boards.
    #[error("a factor of {} basis points is not allowed here: {} to {}", .factor.0, .lowest.0, .highest.0)]
    FactorOutOfBounds {
        /// As given.
        factor: BasisPoints,
        /// Allowed.
        lowest: BasisPoints,
        /// Allowed.
        highest: BasisPoints,
    },
    /// A cost or discount below zero.
    #[error("{line}: {amount} is below zero")]
    NegativeAmount {
        /// Which line.
        line: LineCode,
        /// As given.
        amount: Money,
    },
    /// The advance that was paid is below zero.
    #[error("an advance of {0} is below zero")]
    NegativeAdvance(Money),
    /// A line that is larger than any real one.
    #[error("{line}: {amount} is more than one line may be, {limit}")]
    LineTooLarge {
        /// Which line.
        line: LineCode,
        /// As computed or given.
        amount: Money,
        /// The tariff's limit.
        limit: Money,
    },
    /// A discount that leaves nothing to tax.
    #[error("a discount of {discount} is more than the fare of {fare}")]
    DiscountExceedsFare {
        /// As given.
        discount: Money,
        /// Before the discount.
        fare: Money,
    },
}

impl FareError {
    /// The stable code that clients see.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ClassNotSold(_) => "FARE_CLASS_NOT_SOLD",
            Self::UnknownTimeZone(_) => "FARE_UNKNOWN_TIME_ZONE",
            Self::PeriodReversed => "FARE_PERIOD_REVERSED",
            Self::DateOutOfRange => "FARE_DATE_OUT_OF_RANGE",
            Self::TooManyDays { .. } => "FARE_TOO_MANY_DAYS",
            Self::TooManyKm { .. } => "FARE_TOO_MANY_KM",
            Self::TooMuchTime { .. } => "FARE_TOO_MUCH_TIME",
            Self::HillDaysExceedTrip { .. } => "FARE_HILL_DAYS_EXCEED_TRIP",
            Self::DrivingOutsideTrip => "FARE_DRIVING_OUTSIDE_TRIP",
            Self::FactorOutOfBounds { .. } => "FARE_FACTOR_OUT_OF_BOUNDS",
            Self::NegativeAmount { .. } => "FARE_NEGATIVE_AMOUNT",
            Self::NegativeAdvance(_) => "FARE_NEGATIVE_ADVANCE",
            Self::LineTooLarge { .. } => "FARE_LINE_TOO_LARGE",
            Self::DiscountExceedsFare { .. } => "FARE_DISCOUNT_EXCEEDS_FARE",
        }
    }
}
