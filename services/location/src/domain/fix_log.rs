//! The fixes of one trip in the order of their event time, and the distance that they tell.
//!
//! A phone in a dead zone sends late: whenever a fix comes in, it takes its place by the time it was taken,
//! and the distance is corrected. The order of arrival makes no difference to good fixes.

use super::{
    fix::{Fix, FixRefusal, FixVerdict, reachable},
    seen::{Seen, Sighting},
};
use interstate_schemas::{GeoPoint, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A longer way than this between two fixes is inferred, not measured.
pub const GAP_M: u64 = 2_000;
/// One fix in five seconds over 24 hours, twice: more belongs to no trip.
const MOST_FIXES: usize = 40_000;
/// A driver has a phone, a tracker in the vehicle, a spare.
const MOST_DEVICES: usize = 8;
/// So many fixes that agree with each other outweigh the one that they all contradict.
const OUTVOTED_BY: usize = 3;

/// The distance that fixes tell, in metres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Distance {
    /// Between fixes that are close together.
    pub measured: u64,
    /// Across gaps of more than 2 km, as the crow flies: a lower bound, to be replaced by the route's.
    pub inferred: u64,
}

/// Two fixes that follow each other, more than 2 km apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// When and where the gap begins.
    pub from: (Timestamp, GeoPoint),
    /// When and where it ends.
    pub to: (Timestamp, GeoPoint),
}

/// A place among the fixes: by time, and by device and number where times are equal.
type Key = (Timestamp, String, u64);

/// The fixes of one trip.
#[derive(Debug, Clone, Default)]
pub struct FixLog {
    accepted: BTreeMap<Key, GeoPoint>,
    devices: BTreeMap<String, Seen>,
    /// In centimetres, so that taking away what was added leaves exactly nothing.
    measured_cm: u64,
    inferred_cm: u64,
    /// The latest refusals for speed, in a row: see `outvotes`.
    contradicting: Vec<(Key, GeoPoint)>,
}

impl FixLog {
    /// Judges a fix at `now` and takes it into account.
    pub fn record(&mut self, fix: &Fix, now: Timestamp) -> FixVerdict {
        let verdict = fix.judge(now);
        if verdict
            == (FixVerdict::Refused {
                reason: FixRefusal::Malformed,
            })
        {
            return verdict;
        }
        match self.sight(fix) {
            Sighting::Repeat => return FixVerdict::Duplicate,
            Sighting::FarBehind => {
                return FixVerdict::Refused {
                    reason: FixRefusal::FarBehind,
                };
            }
            Sighting::NoRoom => {
                return FixVerdict::Refused {
                    reason: FixRefusal::TooMany,
                };
            }
            Sighting::New => {}
        }
        if verdict != FixVerdict::Accepted {
            return verdict;
        }
        let key = (fix.at, fix.device.clone(), fix.seq);
        if self.agrees_with_neighbours(&key, fix.point) {
            self.contradicting.clear();
            self.insert(key, fix.point);
            return FixVerdict::Accepted;
        }
        if self.outvotes(key.clone(), fix.point) {
            self.insert(key, fix.point);
            return FixVerdict::Accepted;
        }
        FixVerdict::Refused {
            reason: FixRefusal::TooFast,
        }
    }

    /// Whether the device has used this number before.
    pub fn has_seen(&self, device: &str, seq: u64) -> bool {
        self.devices.get(device).is_some_and(|seen| seen.knows(seq))
    }

    /// Begins another trip: nothing is driven yet, and the fix that was latest is the neighbour of the next.
    /// The numbers that devices have used stay known, unless there is no room for another device.
    pub fn begin_anew(&mut self) {
        let devices = std::mem::take(&mut self.devices);
        let latest = self.accepted.pop_last();
        *self = Self::default();
        self.accepted.extend(latest);
        if devices.len() < MOST_DEVICES {
            self.devices = devices;
        }
    }

    /// The distance so far.
    pub fn distance(&self) -> Distance {
        Distance {
            measured: (self.measured_cm + 50) / 100,
            inferred: (self.inferred_cm + 50) / 100,
        }
    }

    /// The gaps, in order, for whoever can find the route across them.
    pub fn gaps(&self) -> impl Iterator<Item = Gap> {
        let later = self.accepted.iter().skip(1);
        self.accepted
            .iter()
            .zip(later)
            .filter_map(|((from, a), (to, b))| {
                let is_gap = centimetres(*a, *b) > GAP_M * 100;
                is_gap.then_some(Gap {
                    from: (from.0, *a),
                    to: (to.0, *b),
                })
            })
    }

    /// The latest accepted position and when it was taken.
    pub fn latest(&self) -> Option<(Timestamp, GeoPoint)> {
        self.accepted.last_key_value().map(|(key, point)| (key.0, *point))
    }

    /// How many fixes count.
    pub fn len(&self) -> usize {
        self.accepted.len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.accepted.is_empty()
    }

    fn sight(&mut self, fix: &Fix) -> Sighting {
        let full = self.accepted.len() >= MOST_FIXES;
        let stranger = !self.devices.contains_key(&fix.device);
        if full || (stranger && self.devices.len() >= MOST_DEVICES) {
            return Sighting::NoRoom;
        }
        self.devices.entry(fix.device.clone()).or_default().note(fix.seq)
    }

    fn before(&self, key: &Key) -> Option<(Timestamp, GeoPoint)> {
        self.accepted
            .range(..key)
            .next_back()
            .map(|(key, point)| (key.0, *point))
    }

    fn after(&self, key: &Key) -> Option<(Timestamp, GeoPoint)> {
        self.accepted
            .range(key..)
            .next()
            .map(|(key, point)| (key.0, *point))
    }

    fn agrees_with_neighbours(&self, key: &Key, point: GeoPoint) -> bool {
        let neighbours = [self.before(key), self.after(key)];
        neighbours
            .into_iter()
            .flatten()
            .all(|neighbour| reachable(neighbour, (key.0, point)))
    }

    /// One wrong fix that was accepted would refuse all true ones after it. When so many in a row contradict
    /// the neighbour before them and agree with each other, that neighbour was the wrong one and goes. If one
    /// before it was wrong too, the way to it shows as a gap.
    fn outvotes(&mut self, key: Key, point: GeoPoint) -> bool {
        if self.after(&key).is_some() {
            return false;
        }
        if let Some((last, at)) = self.contradicting.last()
            && (last.0 > key.0 || !reachable((last.0, *at), (key.0, point)))
        {
            self.contradicting.clear();
        }
        self.contradicting.push((key, point));
        if self.contradicting.len() < OUTVOTED_BY {
            return false;
        }
        let Some((wrong, _)) = self
            .accepted
            .last_key_value()
            .map(|(key, point)| (key.clone(), *point))
        else {
            return false;
        };
        self.remove(&wrong);
        for (key, point) in std::mem::take(&mut self.contradicting) {
            self.insert(key, point);
        }
        true
    }

    fn insert(&mut self, key: Key, point: GeoPoint) {
        let (before, after) = (self.before(&key), self.after(&key));
        self.change(before, after, |sum, way| *sum -= way);
        self.change(before, Some((key.0, point)), |sum, way| *sum += way);
        self.change(Some((key.0, point)), after, |sum, way| *sum += way);
        self.accepted.insert(key, point);
    }

    fn remove(&mut self, key: &Key) {
        let Some(point) = self.accepted.remove(key) else {
            return;
        };
        let (before, after) = (self.before(key), self.after(key));
        self.change(before, Some((key.0, point)), |sum, way| *sum -= way);
        self.change(Some((key.0, point)), after, |sum, way| *sum -= way);
        self.change(before, after, |sum, way| *sum += way);
    }

    fn change(
        &mut self,
        from: Option<(Timestamp, GeoPoint)>,
        to: Option<(Timestamp, GeoPoint)>,
        apply: impl Fn(&mut u64, u64),
    ) {
        if let (Some((_, a)), Some((_, b))) = (from, to) {
            let way = centimetres(a, b);
            let sum = if way > GAP_M * 100 {
                &mut self.inferred_cm
            } else {
                &mut self.measured_cm
            };
            apply(sum, way);
        }
    }
}

fn centimetres(a: GeoPoint, b: GeoPoint) -> u64 {
    (a.metres_to(b) * 100.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        fix::tests::{fix, time},
        geo::OnTheMap,
    };

    const TOO_FAST: FixVerdict = FixVerdict::Refused {
        reason: FixRefusal::TooFast,
    };

    fn log_of(fixes: &[Fix]) -> FixLog {
        let mut log = FixLog::default();
        for fix in fixes {
            log.record(fix, time(3_600));
        }
        log
    }

    #[test]
    fn a_drive_of_two_kilometres_is_measured() {
        let log = log_of(&(0..=100).map(fix).collect::<Vec<_>>());
        assert_eq!(
            log.distance(),
            Distance {
                measured: 2_000,
                inferred: 0
            }
        );
        assert_eq!(log.latest(), Some((time(100), fix(100).point)));
    }

    #[test]
    fn the_order_of_arrival_makes_no_difference() {
        let inner = |seq: u64| Fix {
            point: fix(seq).point.offset(0.0, 15.0 * (seq % 7) as f64),
            ..fix(seq)
        };
        let in_order: Vec<_> = (0..200).map(inner).collect();
        let mut shuffled = in_order.clone();
        shuffled.sort_by_key(|fix| fix.seq * 7_919 % 211);
        assert_ne!(in_order[0], shuffled[1]);
        assert_eq!(log_of(&in_order).distance(), log_of(&shuffled).distance());
    }

    #[test]
    fn a_repeated_batch_changes_nothing() {
        let mut log = log_of(&[fix(0), fix(1), fix(2)]);
        let before = log.distance();
        assert_eq!(log.record(&fix(1), time(60)), FixVerdict::Duplicate);
        assert_eq!((log.distance(), log.len()), (before, 3));
        let other = Fix {
            device: "tracker".into(),
            ..fix(1)
        };
        assert_eq!(
            log.record(&other, time(60)),
            FixVerdict::Accepted,
            "another device counts for itself"
        );
    }

    #[test]
    fn a_dead_zone_is_inferred_until_its_fixes_come_in() {
        let mut log = log_of(&[fix(0), fix(10), fix(160), fix(170)]);
        assert_eq!(
            log.distance(),
            Distance {
                measured: 400,
                inferred: 3_000
            }
        );
        assert_eq!(
            log.gaps().map(|gap| (gap.from.0, gap.to.0)).collect::<Vec<_>>(),
            [(time(10), time(160))]
        );
        for late in (20..160).step_by(10) {
            assert_eq!(log.record(&fix(late), time(7_200)), FixVerdict::Accepted);
        }
        assert_eq!(
            log.distance(),
            Distance {
                measured: 3_400,
                inferred: 0
            }
        );
        assert_eq!(log.gaps().count(), 0);
    }

    #[test]
    fn a_leap_is_refused_and_the_drive_goes_on() {
        let leap = Fix {
            point: fix(0).point.offset(0.0, 50_000.0),
            ..fix(2)
        };
        let mut log = log_of(&[fix(0), fix(1)]);
        assert_eq!(log.record(&leap, time(60)), TOO_FAST);
        assert_eq!(log.record(&fix(3), time(60)), FixVerdict::Accepted);
        assert_eq!(log.distance().measured, 60);
    }

    #[test]
    fn a_wrong_first_fix_does_not_refuse_the_rest() {
        let wrong = Fix {
            point: fix(0).point.offset(0.0, 50_000.0),
            ..fix(0)
        };
        let mut log = log_of(&[wrong]);
        let verdicts: Vec<_> = (1..=4).map(|seq| log.record(&fix(seq), time(60))).collect();
        assert_eq!(
            verdicts,
            [TOO_FAST, TOO_FAST, FixVerdict::Accepted, FixVerdict::Accepted]
        );
        assert_eq!(
            log.distance(),
            Distance {
                measured: 60,
                inferred: 0
            },
            "the two come back, the leap goes"
        );
    }

    #[test]
    fn what_is_only_shown_or_refused_is_not_billed() {
        let mut log = log_of(&[fix(0), fix(10)]);
        let vague = Fix {
            accuracy_m: 80.0,
            point: fix(5).point.offset(0.0, 70.0),
            ..fix(5)
        };
        assert_eq!(log.record(&vague, time(60)), FixVerdict::ShownOnly);
        assert_eq!(log.distance().measured, 200);
    }

    #[test]
    fn devices_without_end_are_refused() {
        let mut log = FixLog::default();
        let from = |n: u64| Fix {
            device: format!("phone {n}"),
            ..fix(n)
        };
        assert!((0..8).all(|n| log.record(&from(n), time(60)) == FixVerdict::Accepted));
        assert_eq!(
            log.record(&from(8), time(60)),
            FixVerdict::Refused {
                reason: FixRefusal::TooMany
            }
        );
    }
}
