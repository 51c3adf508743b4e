//! Where drivers live and riders go.

use interstate_schemas::GeoPoint;
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};

/// A city.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// As the platform's gazetteer spells it.
    pub name: &'static str,
    /// Letters of its state's plates.
    pub state: &'static str,
    /// Thousands of people.
    pub thousands: u32,
    lat: f64,
    lon: f64,
}

impl Place {
    const fn new(name: &'static str, state: &'static str, thousands: u32, lat: f64, lon: f64) -> Self {
        Self {
            name,
            state,
            thousands,
            lat,
            lon,
        }
    }

    /// Its middle.
    pub fn point(&self) -> GeoPoint {
        GeoPoint::new(self.lat, self.lon).expect("the table has degrees of the globe")
    }
}

/// Where drivers live and trips begin, with a drive of a day or less to some of the others.
pub const BASES: [Place; 12] = [
    Place::new("Mumbai", "MH", 12_692, 19.073, 72.883),
    Place::new("Pune", "MH", 3_124, 18.520, 73.855),
    Place::new("Surat", "GJ", 4_591, 21.196, 72.830),
    Place::new("Ahmedabad", "GJ", 6_358, 23.026, 72.587),
    Place::new("Delhi", "DL", 11_035, 28.652, 77.231),
    Place::new("Jaipur", "RJ", 3_046, 26.920, 75.788),
    Place::new("Agra", "UP", 1_430, 27.183, 78.017),
    Place::new("Bengaluru", "KA", 8_495, 12.972, 77.594),
    Place::new("Chennai", "TN", 4_681, 13.088, 80.278),
    Place::new("Coimbatore", "TN", 2_137, 11.006, 76.966),
    Place::new("Hyderabad", "TS", 6_993, 17.384, 78.456),
    Place::new("Kolkata", "WB", 4_631, 22.563, 88.363),
];

/// Where people go besides.
const ALSO: [Place; 9] = [
    Place::new("Nashik", "MH", 1_486, 19.997, 73.791),
    Place::new("Vadodara", "GJ", 1_822, 22.299, 73.208),
    Place::new("Rajkot", "GJ", 1_391, 22.292, 70.793),
    Place::new("Ludhiana", "PB", 1_619, 30.912, 75.854),
    Place::new("Kanpur", "UP", 2_823, 26.465, 80.350),
    Place::new("Madurai", "TN", 1_466, 9.919, 78.120),
    Place::new("Mysuru", "KA", 868, 12.298, 76.639),
    Place::new("Jamshedpur", "JH", 1_339, 22.803, 86.185),
    Place::new("Nagpur", "MH", 2_406, 21.146, 79.085),
];

/// A road is about a quarter longer than the crow flies.
const ROAD: f64 = 1.25;
/// Kilometres of road of the trips that are wanted.
const KM: std::ops::RangeInclusive<f64> = 80.0..=600.0;
/// Trips that a driver's hours of one day are too short for are wanted this often.
const LONG_SHARE: f64 = 0.1;
/// From here on a trip counts as such: ten hours at the wheel, the way to the pickup included.
const LONG_KM: f64 = 420.0;

/// Where somebody wants to go: from a large city more often than from a small one, and rather near than far.
pub fn trip(rng: &mut StdRng) -> (Place, Place) {
    let long = rng.random_bool(LONG_SHARE);
    loop {
        let from = chosen(&BASES, rng);
        let all: Vec<Place> = BASES.iter().chain(&ALSO).copied().collect();
        let near: Vec<Place> = all
            .into_iter()
            .filter(|to| {
                let km = from.point().metres_to(to.point()) / 1_000.0 * ROAD;
                KM.contains(&km) && (long || km < LONG_KM)
            })
            .collect();
        if !near.is_empty() {
            return (from, chosen(&near, rng));
        }
    }
}

/// By the number of people.
fn chosen(places: &[Place], rng: &mut StdRng) -> Place {
    let found = places.choose_weighted(rng, |place| place.thousands);
    *found.expect("there is a place, and people live in each")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn trips_are_between_cities_a_drive_apart_and_the_same_for_a_seed() {
        let wanted = |seed| {
            let mut rng = StdRng::seed_from_u64(seed);
            (0..200).map(|_| trip(&mut rng)).collect::<Vec<_>>()
        };
        for (from, to) in wanted(7) {
            let km = from.point().metres_to(to.point()) / 1_000.0 * ROAD;
            assert!(KM.contains(&km), "{} - {}: {km} km", from.name, to.name);
        }
        assert_eq!(wanted(7), wanted(7));
        assert_ne!(wanted(7), wanted(8));
    }
}
