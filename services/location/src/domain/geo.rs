//! Small geometry on the map that routes need: on the way from a point, beside it, around it.

use interstate_schemas::GeoPoint;

/// Radius of the sphere that [`GeoPoint::metres_to`] measures on.
const EARTH_RADIUS_M: f64 = 6_371_008.8;
/// Metres of a degree of latitude on it.
const METRES_A_DEGREE: f64 = EARTH_RADIUS_M * std::f64::consts::PI / 180.0;

/// Geometry around a point.
pub(crate) trait OnTheMap: Copy {
    /// The point at `fraction` (0 to 1) of the way to `other`. Straight in degrees: good to some tens of
    /// metres over the 150 km that the longest road edge has.
    fn towards(self, other: Self, fraction: f64) -> Self;

    /// The point `north` and `east` metres away, kept on the map.
    fn offset(self, north: f64, east: f64) -> Self;

    /// East and north metres from here to `other`, on the plane that touches the globe here.
    fn plane_to(self, other: Self) -> (f64, f64);

    /// The point on the unit sphere: nearest by chord is nearest by great circle.
    fn on_sphere(self) -> [f64; 3];
}

impl OnTheMap for GeoPoint {
    fn towards(self, other: Self, fraction: f64) -> Self {
        let between = |a: f64, b: f64| a + (b - a) * fraction;
        on_map(between(self.lat(), other.lat()), between(self.lon(), other.lon()))
    }

    fn offset(self, north: f64, east: f64) -> Self {
        let parallel = self.lat().to_radians().cos().max(0.01);
        on_map(
            self.lat() + north / METRES_A_DEGREE,
            self.lon() + east / METRES_A_DEGREE / parallel,
        )
    }

    fn plane_to(self, other: Self) -> (f64, f64) {
        let parallel = self.lat().to_radians().cos();
        let east = (other.lon() - self.lon()) * METRES_A_DEGREE * parallel;
        (east, (other.lat() - self.lat()) * METRES_A_DEGREE)
    }

    fn on_sphere(self) -> [f64; 3] {
        let (lat, lon) = (self.lat().to_radians(), self.lon().to_radians());
        [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
    }
}

fn on_map(lat: f64, lon: f64) -> GeoPoint {
    GeoPoint::new(lat.clamp(-90.0, 90.0), lon.clamp(-180.0, 180.0)).expect("clamped degrees are on the globe")
}

/// Metres straight through the earth between two points on the unit sphere: a little less than the great
/// circle has, and found without trigonometry.
pub(crate) fn chord_metres(a: [f64; 3], b: [f64; 3]) -> f64 {
    let [x, y, z] = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
    EARTH_RADIUS_M * (x * x + y * y + z * z).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_as_long_as_asked_and_reads_back() {
        let here = GeoPoint::new(25.0, 80.0).unwrap();
        let there = here.offset(300.0, 400.0);
        assert!((here.metres_to(there) - 500.0).abs() < 1.0);
        let (east, north) = here.plane_to(there);
        assert!(
            (east - 400.0).abs() < 0.1 && (north - 300.0).abs() < 0.1,
            "{east} {north}"
        );
    }

    #[test]
    fn half_way_is_equally_far_from_both_ends() {
        let (a, b) = (
            GeoPoint::new(25.0, 80.0).unwrap(),
            GeoPoint::new(26.0, 81.0).unwrap(),
        );
        let middle = a.towards(b, 0.5);
        assert!((a.metres_to(middle) - middle.metres_to(b)).abs() < 500.0);
    }
}
