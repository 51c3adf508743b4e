//! What a report is asked about.

use super::CityId;
use interstate_schemas::VehicleClass;
use jiff::civil::Date;

/// The most days that one report covers: a year.
pub const LONGEST: i32 = 366;

/// Days from one to another, both included, in the tariff's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    from: Date,
    to: Date,
}

/// Why two days are no period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// It ends before it begins.
    #[error("the period ends on {to}, before it begins on {from}")]
    Reversed {
        /// The first day.
        from: Date,
        /// The last day.
        to: Date,
    },
    /// It is longer than a report covers.
    #[error("the period has {days} days; a report covers at most {LONGEST}")]
    TooLong {
        /// How many.
        days: i32,
    },
}

impl Period {
    /// From a day to another, both included.
    ///
    /// # Errors
    /// [`ScopeError`].
    pub fn new(from: Date, to: Date) -> Result<Self, ScopeError> {
        let days = super::day::number(to) - super::day::number(from) + 1;
        match days {
            ..1 => Err(ScopeError::Reversed { from, to }),
            1..=LONGEST => Ok(Self { from, to }),
            _ => Err(ScopeError::TooLong { days }),
        }
    }

    /// Its first day.
    pub fn from(&self) -> Date {
        self.from
    }

    /// Its last day.
    pub fn to(&self) -> Date {
        self.to
    }
}

/// A period, and which trips of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// When.
    pub period: Period,
    /// Only trips that start there.
    pub origin: Option<CityId>,
    /// Only trips that go there.
    pub destination: Option<CityId>,
    /// Only this class.
    pub class: Option<VehicleClass>,
}

impl Scope {
    /// Every trip of a period.
    pub fn all(period: Period) -> Self {
        Self {
            period,
            origin: None,
            destination: None,
            class: None,
        }
    }
}

/// A part of a list: behind a key, at most so many rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<K> {
    /// The key of the last row before; nothing for the beginning.
    pub after: Option<K>,
    /// At most so many rows.
    pub most: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_period_is_from_one_day_to_a_year() {
        let first = date(2026, 1, 1);
        assert!(Period::new(first, first).is_ok());
        assert!(Period::new(first, date(2027, 1, 1)).is_ok());
        assert_eq!(
            Period::new(first, date(2027, 1, 2)),
            Err(ScopeError::TooLong { days: 367 })
        );
        let to = date(2025, 12, 31);
        assert_eq!(
            Period::new(first, to),
            Err(ScopeError::Reversed { from: first, to })
        );
    }
}
