//! Where every driver was seen last, and who is nearest to a point.

use interstate_schemas::{DriverId, GeoPoint, SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// A position older than this says nothing about where the driver is now.
pub const STALE_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// The farthest that anybody is looked for.
pub const FARTHEST_M: u32 = 300_000;

/// Cells are this many degrees wide and high: about 11 km, a few minutes of driving.
const CELL_DEGREES: f64 = 0.1;
/// A degree of latitude is nowhere shorter than this.
const METRES_A_DEGREE: f64 = 110_500.0;

type Cell = (i16, i16);

/// A driver near a point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NearDriver {
    /// Who.
    pub driver: DriverId,
    /// Where the driver was seen last.
    pub point: GeoPoint,
    /// Metres to the point that was asked for, as the crow flies.
    pub metres: u32,
    /// When the position was taken.
    pub seen_at: Timestamp,
}

struct Seen {
    point: GeoPoint,
    at: Timestamp,
    cell: Cell,
    /// Where in the cell's list the driver stands.
    slot: usize,
}

/// The latest position of every driver. Updates take constant time. The maps are only ever asked by key, so
/// that their order never shows.
#[derive(Default)]
pub struct LiveIndex {
    drivers: HashMap<DriverId, Seen>,
    cells: HashMap<Cell, Vec<DriverId>>,
}

impl LiveIndex {
    /// Notes where a driver was at `at`. An older position than the one known changes nothing; the answer
    /// says whether it was the latest.
    pub fn update(&mut self, driver: DriverId, point: GeoPoint, at: Timestamp) -> bool {
        let cell = cell_of(point);
        match self.drivers.get_mut(&driver) {
            Some(seen) if seen.at >= at => return false,
            Some(seen) if seen.cell == cell => {
                (seen.point, seen.at) = (point, at);
                return true;
            }
            Some(_) => _ = self.remove(driver),
            None => {}
        }
        let drivers = self.cells.entry(cell).or_default();
        let slot = drivers.len();
        drivers.push(driver);
        self.drivers.insert(
            driver,
            Seen {
                point,
                at,
                cell,
                slot,
            },
        );
        true
    }

    /// Forgets a driver, who has gone off duty; says whether he was known.
    pub fn remove(&mut self, driver: DriverId) -> bool {
        let Some(seen) = self.drivers.remove(&driver) else {
            return false;
        };
        let drivers = self
            .cells
            .get_mut(&seen.cell)
            .expect("a driver's cell exists as long as he is in it");
        drivers.swap_remove(seen.slot);
        if let Some(moved) = drivers.get(seen.slot) {
            self.drivers
                .get_mut(moved)
                .expect("who is in a cell is known")
                .slot = seen.slot;
        } else if drivers.is_empty() {
            self.cells.remove(&seen.cell);
        }
        true
    }

    /// Where a driver was seen last, however long ago.
    pub fn position(&self, driver: DriverId) -> Option<(GeoPoint, Timestamp)> {
        self.drivers.get(&driver).map(|seen| (seen.point, seen.at))
    }

    /// At most `limit` drivers within `radius_m` (never more than 300 km) who were seen in the last ten
    /// minutes; the nearest first, and by id where equally near.
    pub fn nearest(&self, point: GeoPoint, radius_m: u32, limit: usize, now: Timestamp) -> Vec<NearDriver> {
        let radius = f64::from(radius_m.min(FARTHEST_M));
        let (row, column) = cell_of(point);
        // Towards the poles degrees of longitude shrink; the widest row of the search decides.
        let reach_degrees = radius / METRES_A_DEGREE;
        let shrink = (point.lat().abs() + reach_degrees).min(89.0).to_radians().cos();
        let ring_m = CELL_DEGREES * METRES_A_DEGREE * shrink;
        let rings = (radius / ring_m).ceil() as i32 + 1;
        let mut found: Vec<NearDriver> = Vec::new();
        for ring in 0..=rings {
            // All of a ring is at least this far away, from wherever in its cell the point lies.
            let at_least = f64::from(ring - 1) * ring_m;
            if limit == 0 || (found.len() >= limit && f64::from(found[limit - 1].metres) < at_least) {
                break;
            }
            let cells = ring_of(ring).map(|(north, east)| (i32::from(row) + north, i32::from(column) + east));
            let drivers = cells.filter_map(|(row, column)| {
                self.cells
                    .get(&(i16::try_from(row).ok()?, i16::try_from(column).ok()?))
            });
            let before = found.len();
            found.extend(
                drivers
                    .flatten()
                    .filter_map(|driver| self.near(*driver, point, radius, now)),
            );
            if found.len() > before {
                found.sort_by_key(|near| (near.metres, near.driver));
            }
        }
        found.truncate(limit);
        found
    }

    /// Forgets everybody who has not been seen for ten minutes; says how many.
    pub fn forget_stale(&mut self, now: Timestamp) -> usize {
        let stale: Vec<_> = self
            .drivers
            .iter()
            .filter(|(_, seen)| is_stale(seen.at, now))
            .map(|(driver, _)| *driver)
            .collect();
        stale.iter().for_each(|driver| _ = self.remove(*driver));
        stale.len()
    }

    /// Everybody who is known.
    pub(super) fn drivers(&self) -> Vec<DriverId> {
        self.drivers.keys().copied().collect()
    }

    /// How many drivers are known.
    pub fn len(&self) -> usize {
        self.drivers.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.drivers.is_empty()
    }

    fn near(&self, driver: DriverId, point: GeoPoint, radius: f64, now: Timestamp) -> Option<NearDriver> {
        let seen = &self.drivers[&driver];
        let metres = seen.point.metres_to(point);
        let wanted = metres <= radius && !is_stale(seen.at, now);
        wanted.then_some(NearDriver {
            driver,
            point: seen.point,
            metres: metres.round() as u32,
            seen_at: seen.at,
        })
    }
}

fn is_stale(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at) > STALE_AFTER
}

fn cell_of(point: GeoPoint) -> Cell {
    (
        (point.lat() / CELL_DEGREES).floor() as i16,
        (point.lon() / CELL_DEGREES).floor() as i16,
    )
}

/// The cells that are `ring` steps from the middle one, by rows and columns.
fn ring_of(ring: i32) -> impl Iterator<Item = (i32, i32)> {
    (-ring..=ring).flat_map(move |north| {
        let whole_row = north.abs() == ring;
        let step = if whole_row || ring == 0 { 1 } else { 2 * ring };
        (-ring..=ring)
            .step_by(step as usize)
            .map(move |east| (north, east))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metres of a degree of latitude.
    const METRES_A_DEGREE: f64 = 111_195.0;

    fn time(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + seconds).unwrap()
    }

    trait OnTheMap {
        /// The point so many metres away.
        fn offset(self, north: f64, east: f64) -> Self;
    }

    impl OnTheMap for GeoPoint {
        fn offset(self, north: f64, east: f64) -> Self {
            let parallel = METRES_A_DEGREE * self.lat().to_radians().cos();
            GeoPoint::new(self.lat() + north / METRES_A_DEGREE, self.lon() + east / parallel).unwrap()
        }
    }

    fn driver(n: u64) -> DriverId {
        DriverId::derive(n, &[b"driver"])
    }

    fn jaipur() -> GeoPoint {
        GeoPoint::new(26.9196, 75.7878).unwrap()
    }

    /// Drivers scattered over some 600 km around Jaipur.
    fn scattered(count: u64) -> (LiveIndex, Vec<(DriverId, GeoPoint)>) {
        let mut index = LiveIndex::default();
        let mut all = Vec::new();
        for n in 0..count {
            let offset = |factor: u64| (n * factor % 6_007) as f64 * 100.0 - 300_000.0;
            let point = jaipur().offset(offset(7_919), offset(104_729));
            index.update(driver(n), point, time(0));
            all.push((driver(n), point));
        }
        (index, all)
    }

    #[test]
    fn the_nearest_are_those_that_asking_everybody_finds() {
        let (index, mut all) = scattered(2_000);
        let here = jaipur().offset(12_345.0, -6_789.0);
        all.sort_by_key(|(driver, point)| (point.metres_to(here).round() as u32, *driver));
        let expected: Vec<_> = all.iter().take(25).map(|(driver, _)| *driver).collect();
        let found = index.nearest(here, 200_000, 25, time(60));
        assert_eq!(found.iter().map(|near| near.driver).collect::<Vec<_>>(), expected);
        let within = all
            .iter()
            .filter(|(_, point)| point.metres_to(here) <= 80_000.0)
            .count();
        assert_eq!(index.nearest(here, 80_000, usize::MAX, time(60)).len(), within);
    }

    #[test]
    fn who_moves_is_found_where_he_is_now() {
        let mut index = LiveIndex::default();
        index.update(driver(1), jaipur(), time(0));
        let ajmer = jaipur().offset(-50_000.0, -110_000.0);
        assert!(index.update(driver(1), ajmer, time(60)));
        assert!(
            !index.update(driver(1), jaipur(), time(30)),
            "a late fix is not the latest"
        );
        assert!(index.nearest(jaipur(), 10_000, 5, time(60)).is_empty());
        assert_eq!(index.nearest(ajmer, 10_000, 5, time(60))[0].driver, driver(1));
    }

    #[test]
    fn who_was_not_seen_for_ten_minutes_is_no_candidate() {
        let mut index = LiveIndex::default();
        index.update(driver(1), jaipur(), time(0));
        assert_eq!(index.nearest(jaipur(), 1_000, 5, time(600)).len(), 1);
        assert!(index.nearest(jaipur(), 1_000, 5, time(601)).is_empty());
        assert_eq!((index.forget_stale(time(601)), index.len()), (1, 0));
    }

    #[test]
    fn removing_one_leaves_the_others_of_the_cell() {
        let mut index = LiveIndex::default();
        (0..5).for_each(|n| _ = index.update(driver(n), jaipur(), time(0)));
        assert!(index.remove(driver(1)) && !index.remove(driver(1)));
        assert!(index.remove(driver(4)));
        let left: Vec<_> = index
            .nearest(jaipur(), 10, 9, time(0))
            .iter()
            .map(|near| near.driver)
            .collect();
        assert_eq!(left, [driver(0), driver(2), driver(3)]);
    }

    #[test]
    fn a_ring_has_all_of_its_cells_once() {
        for ring in 0..5i32 {
            let cells: std::collections::BTreeSet<_> = ring_of(ring).collect();
            assert_eq!(
                (cells.len(), ring_of(ring).count()),
                if ring == 0 {
                    (1, 1)
                } else {
                    (8 * ring as usize, 8 * ring as usize)
                }
            );
        }
    }
}
