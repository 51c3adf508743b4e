//! A position that a driver's phone or vehicle reports, and what makes one unfit.

use interstate_schemas::{DriverId, GeoPoint, SignedDuration, Timestamp, TripId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A fix less accurate than this is not counted into a distance that somebody pays for.
pub const BILLABLE_ACCURACY_M: f32 = 50.0;
/// A fix less accurate than this is not even shown.
pub const SHOWN_ACCURACY_M: f32 = 100.0;
/// Nobody drives this fast: the position is wrong, or the time.
pub const FASTEST_KMH: f64 = 180.0;
/// A device's clock may be ahead by this much.
pub const CLOCK_AHEAD: SignedDuration = SignedDuration::from_mins(2);
/// A device keeps what it could not send for this long.
pub const OLDEST: SignedDuration = SignedDuration::from_hours(24);
/// The longest name of a device.
pub const LONGEST_DEVICE: usize = 64;

/// One position, as reported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fix {
    /// The device that reports, by the name it has chosen; at most 64 characters. The fixes of one batch share it.
    #[schemars(length(min = 1, max = 64))]
    pub device: Arc<str>,
    /// Who drives.
    pub driver: DriverId,
    /// The trip that is being driven, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trip: Option<TripId>,
    /// Counts up on the device with each fix; a repeat has the same number.
    pub seq: u64,
    /// When the position was taken, by the device's clock.
    pub at: Timestamp,
    /// The position.
    pub point: GeoPoint,
    /// Radius in metres that the true position lies in with 68 %.
    pub accuracy_m: f32,
    /// Speed in metres a second, where the device knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed_mps: Option<f32>,
    /// Direction of travel in degrees from north, clockwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearing_deg: Option<f32>,
    /// Whether the device says that an app, not a satellite, made the position up.
    #[serde(default)]
    pub mock: bool,
}

/// What became of a fix. Every one is kept; only what is accepted counts into the distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum FixVerdict {
    /// It counts.
    Accepted,
    /// Good enough to be seen on a map, not to be billed by.
    ShownOnly,
    /// Kept with the reason, neither shown nor billed.
    Refused {
        /// Why.
        reason: FixRefusal,
    },
    /// This device has reported this number before.
    Duplicate,
}

/// Why a fix is neither shown nor billed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
pub enum FixRefusal {
    /// The name of the device is empty or too long, or a number is none or negative.
    #[error("the fix is malformed: device, accuracy, speed or bearing is out of range")]
    Malformed,
    /// Made up by an app.
    #[error("the device says that the position is made up")]
    Mock,
    /// Accuracy above 100 m.
    #[error("the position is only known to more than 100 m")]
    Inaccurate,
    /// Taken more than 2 minutes after now.
    #[error("the device's clock is more than 2 minutes ahead")]
    FromTheFuture,
    /// Taken more than 24 hours ago, longer than a device keeps fixes.
    #[error("the position is more than 24 hours old")]
    TooOld,
    /// Faster than 180 km/h from or to the neighbouring fix.
    #[error("the position could only be reached at more than 180 km/h")]
    TooFast,
    /// So far behind what the device sent last that it cannot be told from a repeat.
    #[error("the number is too far behind the device's latest to be told from a repeat")]
    FarBehind,
    /// Its number is further above the others than a device can have counted.
    #[error("the number is far above all that the device has used before")]
    FarAhead,
    /// More fixes or devices than one trip can have.
    #[error("the trip has more fixes or devices than one trip can have")]
    TooMany,
}

impl Fix {
    /// What the fix by itself is worth at `now`, without its neighbours.
    pub fn judge(&self, now: Timestamp) -> FixVerdict {
        let reason = if !self.is_well_formed() {
            FixRefusal::Malformed
        } else if self.mock {
            FixRefusal::Mock
        } else if self.at.duration_since(now) > CLOCK_AHEAD {
            FixRefusal::FromTheFuture
        } else if now.duration_since(self.at) > OLDEST {
            FixRefusal::TooOld
        } else if self.accuracy_m > SHOWN_ACCURACY_M {
            FixRefusal::Inaccurate
        } else if self.accuracy_m > BILLABLE_ACCURACY_M {
            return FixVerdict::ShownOnly;
        } else {
            return FixVerdict::Accepted;
        };
        FixVerdict::Refused { reason }
    }

    /// Whether it says what a fix can say. What is not is not even kept.
    pub fn is_well_formed(&self) -> bool {
        let sane = |value: Option<f32>, most: f32| value.is_none_or(|value| (0.0..=most).contains(&value));
        // No text has more characters than bytes.
        let short = self.device.len() <= LONGEST_DEVICE || self.device.chars().count() <= LONGEST_DEVICE;
        short
            && !self.device.is_empty()
            && self.accuracy_m.is_finite()
            && self.accuracy_m >= 0.0
            && sane(self.speed_mps, 1_000.0)
            && sane(self.bearing_deg, 360.0)
    }
}

/// Whether a cab can get from one fix to the other in the time between. Fixes of one moment may be a little
/// apart: each is only known to its accuracy.
pub(crate) fn reachable(a: (Timestamp, GeoPoint), b: (Timestamp, GeoPoint)) -> bool {
    reachable_over(a.1.metres_to(b.1), a.0, b.0)
}

/// The same of fixes that are so many metres apart.
pub(crate) fn reachable_over(metres: f64, a: Timestamp, b: Timestamp) -> bool {
    let seconds = a.duration_since(b).abs().as_secs_f64();
    let slack_m = f64::from(2.0 * BILLABLE_ACCURACY_M);
    metres <= seconds * FASTEST_KMH / 3.6 + slack_m
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::geo::OnTheMap;

    /// Noon of a day, plus seconds.
    pub fn time(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + seconds).unwrap()
    }

    /// A good fix on the road north of Ahmedabad: `seq` seconds after noon, 20 m further each second.
    pub fn fix(seq: u64) -> Fix {
        Fix {
            device: "phone".into(),
            driver: DriverId::derive(1, &[b"driver"]),
            trip: None,
            seq,
            at: time(seq as i64),
            point: GeoPoint::new(23.1, 72.6).unwrap().offset(20.0 * seq as f64, 0.0),
            accuracy_m: 8.0,
            speed_mps: Some(20.0),
            bearing_deg: Some(0.0),
            mock: false,
        }
    }

    fn refused(reason: FixRefusal) -> FixVerdict {
        FixVerdict::Refused { reason }
    }

    #[test]
    fn a_fix_is_judged_by_itself() {
        let now = time(60);
        assert_eq!(fix(60).judge(now), FixVerdict::Accepted);
        assert_eq!(
            Fix {
                accuracy_m: 50.1,
                ..fix(60)
            }
            .judge(now),
            FixVerdict::ShownOnly
        );
        assert_eq!(
            Fix {
                accuracy_m: 100.1,
                ..fix(60)
            }
            .judge(now),
            refused(FixRefusal::Inaccurate)
        );
        assert_eq!(
            Fix {
                accuracy_m: f32::NAN,
                ..fix(60)
            }
            .judge(now),
            refused(FixRefusal::Malformed)
        );
        assert_eq!(
            Fix {
                device: "".into(),
                ..fix(60)
            }
            .judge(now),
            refused(FixRefusal::Malformed)
        );
        assert_eq!(
            Fix {
                mock: true,
                ..fix(60)
            }
            .judge(now),
            refused(FixRefusal::Mock)
        );
    }

    #[test]
    fn a_clock_may_be_two_minutes_ahead_and_a_day_behind() {
        assert_eq!(fix(120).judge(time(0)), FixVerdict::Accepted);
        assert_eq!(fix(121).judge(time(0)), refused(FixRefusal::FromTheFuture));
        assert_eq!(fix(0).judge(time(86_400)), FixVerdict::Accepted);
        assert_eq!(fix(0).judge(time(86_401)), refused(FixRefusal::TooOld));
    }
}
