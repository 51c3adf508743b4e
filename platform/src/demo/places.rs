//! Where drivers live, what they drive, and where riders go.

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
    Place::new("Hyderabad", "TG", 6_993, 17.384, 78.456),
    Place::new("Kolkata", "WB", 4_631, 22.563, 88.363),
];

/// Where people go besides.
const ALSO: [Place; 10] = [
    Place::new("Nashik", "MH", 1_486, 19.997, 73.791),
    Place::new("Vadodara", "GJ", 1_822, 22.299, 73.208),
    Place::new("Rajkot", "GJ", 1_391, 22.292, 70.793),
    Place::new("Ludhiana", "PB", 1_619, 30.912, 75.854),
    Place::new("Kanpur", "UP", 2_823, 26.465, 80.350),
    Place::new("Madurai", "TN", 1_466, 9.919, 78.120),
    Place::new("Mysuru", "KA", 868, 12.298, 76.639),
    Place::new("Jamshedpur", "JH", 1_339, 22.803, 86.185),
    Place::new("Vijayawada", "AP", 1_143, 16.508, 80.648),
    Place::new("Warangal", "TG", 620, 17.978, 79.601),
];

/// A road is about a quarter longer than the crow flies.
const ROAD: f64 = 1.25;
/// Kilometres of road of the trips that are wanted.
const KM: std::ops::RangeInclusive<f64> = 80.0..=600.0;
/// Trips that a driver's hours of one day are too short for are wanted this often.
const LONG_SHARE: f64 = 0.1;
/// From here on a trip counts as such: ten hours at the wheel, the way to the pickup included.
const LONG_KM: f64 = 420.0;

/// What a driver drives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Car {
    /// Its class.
    pub class: &'static str,
    /// Passengers.
    pub seats: u8,
    /// Large bags.
    pub bags: u8,
}

const SEDAN: Car = Car {
    class: "SEDAN",
    seats: 4,
    bags: 2,
};
const SUV: Car = Car {
    class: "SUV",
    seats: 6,
    bags: 3,
};

/// Where the driver of this number lives, with what: more of them in large cities, and an SUV only where there are
/// several drivers.
pub fn home(number: usize) -> (Place, Car) {
    /// Cities by their position, each as often as it has drivers among the first thirty.
    const HOMES: [usize; 30] = [
        0, 4, 7, 10, 3, 8, 0, 4, 7, 10, 2, 5, 1, 11, 9, 0, 4, 7, 10, 3, 8, 0, 4, 7, 10, 2, 5, 6, 11, 8,
    ];
    let place = BASES[HOMES[number % HOMES.len()]];
    let is_fourth = (21..25).contains(&(number % HOMES.len()));
    (place, if is_fourth { SUV } else { SEDAN })
}

/// From where to where somebody wants to go, and in what: there is demand where there are drivers.
pub fn trip(drivers: usize, rng: &mut StdRng) -> (Place, Place, Car) {
    let long = rng.random_bool(LONG_SHARE);
    loop {
        let (from, car) = home(rng.random_range(0..drivers.max(1)));
        let near: Vec<Place> = BASES
            .iter()
            .chain(&ALSO)
            .filter(|to| {
                let km = from.point().metres_to(to.point()) / 1_000.0 * ROAD;
                KM.contains(&km) && (long || km < LONG_KM)
            })
            .copied()
            .collect();
        // By the number of people.
        if let Ok(to) = near.choose_weighted(rng, |place| place.thousands) {
            return (from, *to, car);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn trips_are_between_cities_a_drive_apart_and_the_same_for_a_seed() {
        let wanted = |seed| {
            let mut rng = StdRng::seed_from_u64(seed);
            (0..200).map(|_| trip(30, &mut rng)).collect::<Vec<_>>()
        };
        for (from, to, _) in wanted(7) {
            let km = from.point().metres_to(to.point()) / 1_000.0 * ROAD;
            assert!(KM.contains(&km), "{} - {}: {km} km", from.name, to.name);
        }
        assert_eq!(wanted(7), wanted(7));
        assert_ne!(wanted(7), wanted(8));
    }

    #[test]
    fn every_base_has_a_driver_and_somewhere_to_go() {
        for base in BASES {
            assert!((0..30).any(|number| home(number).0 == base), "{}", base.name);
            let mut rng = StdRng::seed_from_u64(1);
            assert!((0..3_000).any(|_| trip(30, &mut rng).0 == base), "{}", base.name);
        }
    }
}
