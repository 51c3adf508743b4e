//! A stretch of time that is not empty.

use interstate_schemas::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// From `start` up to but without `end`, so one that begins where another ends does not touch it. Never
/// empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Ends")]
#[schemars(!try_from)]
pub struct Interval {
    start: Timestamp,
    end: Timestamp,
}

/// An interval that would not end after it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an interval from {start} cannot end at {end}: it must end later than it starts")]
pub struct EmptyInterval {
    /// Where it would start.
    pub start: Timestamp,
    /// Where it would end.
    pub end: Timestamp,
}

#[derive(Deserialize)]
struct Ends {
    start: Timestamp,
    end: Timestamp,
}

impl TryFrom<Ends> for Interval {
    type Error = EmptyInterval;

    fn try_from(ends: Ends) -> Result<Self, EmptyInterval> {
        Self::new(ends.start, ends.end)
    }
}

impl Interval {
    /// From `start` up to `end`.
    ///
    /// # Errors
    /// Where it would be empty.
    pub fn new(start: Timestamp, end: Timestamp) -> Result<Self, EmptyInterval> {
        if start < end {
            Ok(Self { start, end })
        } else {
            Err(EmptyInterval { start, end })
        }
    }

    /// The first moment that belongs to it.
    pub const fn start(self) -> Timestamp {
        self.start
    }

    /// The first moment that no longer does.
    pub const fn end(self) -> Timestamp {
        self.end
    }

    /// How long it is.
    pub fn length(self) -> SignedDuration {
        self.end.duration_since(self.start)
    }

    /// Whether a moment belongs to both.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// What belongs to both.
    pub fn common(self, other: Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end)).ok()
    }

    /// The same start with another end.
    ///
    /// # Errors
    /// Where nothing would be left.
    pub fn ending(self, end: Timestamp) -> Result<Self, EmptyInterval> {
        Self::new(self.start, end)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.start, self.end)
    }
}

/// `at + by`, held at the ends of time: times from outside are bounded long before, and a rule must not
/// panic on one that is not.
pub(crate) fn shifted(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(if by.is_negative() {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(start: i64, end: i64) -> Interval {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        Interval::new(at(start), at(end)).unwrap()
    }

    #[test]
    fn neighbours_do_not_overlap_and_a_shared_second_does() {
        assert!(!between(0, 10).overlaps(between(10, 20)));
        assert!(between(0, 11).overlaps(between(10, 20)));
        assert_eq!(between(0, 11).common(between(10, 20)), Some(between(10, 11)));
        assert_eq!(between(0, 10).common(between(10, 20)), None);
    }

    #[test]
    fn an_empty_interval_cannot_be_read_from_json() {
        let text = r#"{"start": "2026-11-20T09:00:00Z", "end": "2026-11-20T09:00:00Z"}"#;
        assert!(serde_json::from_str::<Interval>(text).is_err());
    }

    #[test]
    fn time_stops_at_its_ends() {
        assert_eq!(
            shifted(Timestamp::MAX, SignedDuration::from_secs(1)),
            Timestamp::MAX
        );
        assert_eq!(
            shifted(Timestamp::MIN, SignedDuration::from_secs(-1)),
            Timestamp::MIN
        );
    }
}
