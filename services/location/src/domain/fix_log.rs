//! The fixes of one trip in the order of their event time, and the distance that they tell.
//!
//! A phone in a dead zone sends late: whenever a fix comes in, it takes its place by the time it was taken,
//! and the distance is corrected. The order of arrival makes no difference to good fixes.

use super::{
    fix::{Fix, FixRefusal, FixVerdict, reachable, reachable_over},
    seen::{Devices, Sighting},
};
use interstate_schemas::{GeoPoint, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// A longer way than this between two fixes is inferred, not measured.
pub const GAP_M: u64 = 2_000;
/// One fix in five seconds over 24 hours, twice.
const MOST_FIXES: usize = 40_000;
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
type Key = (Timestamp, Arc<str>, u64);

/// A fix that stands beside another, and the metres between them.
#[derive(Clone, Copy)]
struct Neighbour {
    at: Timestamp,
    point: GeoPoint,
    metres: f64,
}

/// What stands before and after a fix's place.
struct Neighbours {
    before: Option<Neighbour>,
    after: Option<Neighbour>,
}

/// The fixes of one trip.
#[derive(Debug, Clone, Default)]
pub struct FixLog {
    accepted: BTreeMap<Key, GeoPoint>,
    devices: Devices,
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
            Sighting::FarAhead => {
                return FixVerdict::Refused {
                    reason: FixRefusal::FarAhead,
                };
            }
            Sighting::NoRoom => {
                return FixVerdict::Refused {
                    reason: FixRefusal::TooMany,
                };
            }
            Sighting::New => {}
        }
        // A fix that is refused says nothing about its device's numbers: a leap may carry any.
        let verdict = match verdict {
            FixVerdict::Accepted => self.weigh(fix),
            other => other,
        };
        if matches!(verdict, FixVerdict::Accepted | FixVerdict::ShownOnly) {
            self.devices.note(&fix.device, fix.seq);
        }
        verdict
    }

    /// Judges a fix that is good by itself beside its neighbours, and takes it in.
    fn weigh(&mut self, fix: &Fix) -> FixVerdict {
        let key = (fix.at, fix.device.clone(), fix.seq);
        // The same leap sent again is no second voice against its neighbour.
        let heard = |(other, _): &(Key, GeoPoint)| (&other.1, other.2) == (&key.1, key.2);
        if self.contradicting.iter().any(heard) {
            return FixVerdict::Duplicate;
        }
        let neighbours = self.neighbours(&key, fix.point);
        if neighbours.agree(fix.at) {
            self.contradicting.clear();
            self.insert_between(neighbours, key, fix.point);
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
        self.devices.know(device, seq)
    }

    /// Whether this device is told apart from the others, or can be.
    pub fn has_room_for(&self, device: &str) -> bool {
        self.devices.have_room_for(device)
    }

    /// Begins another trip: nothing is driven yet, and the fix that was latest is the neighbour of the next.
    /// The numbers that devices have used stay known, unless there is no room for another device.
    pub fn begin_anew(&mut self) {
        let devices = std::mem::take(&mut self.devices);
        let latest = self.accepted.pop_last();
        *self = Self::default();
        self.accepted.extend(latest);
        if devices.have_room() {
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
                let is_gap = centimetres(a.metres_to(*b)) > GAP_M * 100;
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

    /// Whether no more fixes are taken in.
    pub fn is_full(&self) -> bool {
        self.accepted.len() >= MOST_FIXES
    }

    /// How many fixes count.
    pub fn len(&self) -> usize {
        self.accepted.len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.accepted.is_empty()
    }

    fn sight(&self, fix: &Fix) -> Sighting {
        if self.is_full() {
            return Sighting::NoRoom;
        }
        self.devices.sight(&fix.device, fix.seq)
    }

    fn neighbours(&self, key: &Key, point: GeoPoint) -> Neighbours {
        let neighbour = |(other, at): (&Key, &GeoPoint)| Neighbour {
            at: other.0,
            point: *at,
            metres: at.metres_to(point),
        };
        // Nearly every fix is later than all before it.
        let latest = self.accepted.last_key_value();
        if latest.is_none_or(|(latest, _)| latest < key) {
            return Neighbours {
                before: latest.map(neighbour),
                after: None,
            };
        }
        Neighbours {
            before: self.accepted.range(..key).next_back().map(neighbour),
            after: self.accepted.range(key..).next().map(neighbour),
        }
    }

    /// One wrong fix that was accepted would refuse all true ones after it. When so many in a row contradict
    /// the neighbour before them and agree with each other, that neighbour was the wrong one and goes. If one
    /// before it was wrong too, the way to it shows as a gap.
    fn outvotes(&mut self, key: Key, point: GeoPoint) -> bool {
        if self.accepted.range(&key..).next().is_some() {
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
            self.devices.note(&key.1, key.2);
            self.insert(key, point);
        }
        true
    }

    fn insert(&mut self, key: Key, point: GeoPoint) {
        let neighbours = self.neighbours(&key, point);
        self.insert_between(neighbours, key, point);
    }

    fn insert_between(&mut self, neighbours: Neighbours, key: Key, point: GeoPoint) {
        self.change(&neighbours, |sum, way| *sum += way, |sum, way| *sum -= way);
        self.accepted.insert(key, point);
    }

    fn remove(&mut self, key: &Key) {
        if let Some(point) = self.accepted.remove(key) {
            let neighbours = self.neighbours(key, point);
            self.change(&neighbours, |sum, way| *sum -= way, |sum, way| *sum += way);
        }
    }

    /// Applies `through` to the ways to and from a place between neighbours, `past` to the way without it.
    fn change(&mut self, neighbours: &Neighbours, through: fn(&mut u64, u64), past: fn(&mut u64, u64)) {
        let Neighbours { before, after } = neighbours;
        if let (Some(before), Some(after)) = (before, after) {
            let way = centimetres(before.point.metres_to(after.point));
            past(self.sum_of(way), way);
        }
        for neighbour in before.iter().chain(after) {
            let way = centimetres(neighbour.metres);
            through(self.sum_of(way), way);
        }
    }

    /// Where a way of so many centimetres counts.
    fn sum_of(&mut self, way: u64) -> &mut u64 {
        if way > GAP_M * 100 {
            &mut self.inferred_cm
        } else {
            &mut self.measured_cm
        }
    }
}

impl Neighbours {
    /// Whether a cab can have been at all of them and, at `at`, at the place between.
    fn agree(&self, at: Timestamp) -> bool {
        let mut all = self.before.iter().chain(&self.after);
        all.all(|neighbour| reachable_over(neighbour.metres, neighbour.at, at))
    }
}

fn centimetres(metres: f64) -> u64 {
    (metres * 100.0).round() as u64
}

#[cfg(test)]
mod tests;
