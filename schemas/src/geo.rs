//! A place on the map, and how far another is as the crow flies.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Mean radius of the Earth in metres (IUGG, R₁).
const EARTH_RADIUS_METRES: f64 = 6_371_008.8;

/// A point in degrees of WGS 84. One that exists is on the globe: neither ranges nor NaN need checking.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Degrees")]
#[schemars(!try_from)]
pub struct GeoPoint {
    /// Degrees north of the equator, −90 to 90.
    #[schemars(range(min = -90, max = 90))]
    lat: f64,
    /// Degrees east of Greenwich, −180 to 180.
    #[schemars(range(min = -180, max = 180))]
    lon: f64,
}

/// Degrees that name no point of the globe.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{lat}, {lon} is not a point: latitude is −90 to 90 degrees and longitude −180 to 180")]
pub struct NotOnTheGlobe {
    /// The latitude that was given.
    pub lat: f64,
    /// The longitude that was given.
    pub lon: f64,
}

#[derive(Deserialize)]
struct Degrees {
    lat: f64,
    lon: f64,
}

impl TryFrom<Degrees> for GeoPoint {
    type Error = NotOnTheGlobe;

    fn try_from(Degrees { lat, lon }: Degrees) -> Result<Self, NotOnTheGlobe> {
        Self::new(lat, lon)
    }
}

impl GeoPoint {
    /// The point at these degrees.
    ///
    /// # Errors
    /// Where they are out of range or not a number.
    pub fn new(lat: f64, lon: f64) -> Result<Self, NotOnTheGlobe> {
        // `contains` is false for NaN, so a point is always a place.
        if (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon) {
            Ok(Self { lat, lon })
        } else {
            Err(NotOnTheGlobe { lat, lon })
        }
    }

    /// Degrees north of the equator.
    pub const fn lat(self) -> f64 {
        self.lat
    }

    /// Degrees east of Greenwich.
    pub const fn lon(self) -> f64 {
        self.lon
    }

    /// Great-circle distance in metres (haversine, on a sphere: within 0.6 % of the ellipsoid). A road is
    /// longer.
    pub fn metres_to(self, other: Self) -> f64 {
        let (from, to) = (self.lat.to_radians(), other.lat.to_radians());
        let north = ((to - from) / 2.0).sin();
        let east = ((other.lon - self.lon).to_radians() / 2.0).sin();
        let chord = north * north + from.cos() * to.cos() * east * east;
        2.0 * EARTH_RADIUS_METRES * chord.sqrt().min(1.0).asin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lat: f64, lon: f64) -> GeoPoint {
        GeoPoint::new(lat, lon).unwrap()
    }

    #[test]
    fn known_distances_come_out() {
        let (ahmedabad, udaipur) = (at(23.0225, 72.5714), at(24.5854, 73.7125));
        let metres = ahmedabad.metres_to(udaipur);
        assert!((207_000.0..211_000.0).contains(&metres), "{metres}");
        assert_eq!(metres, udaipur.metres_to(ahmedabad));
        assert_eq!(udaipur.metres_to(udaipur), 0.0);

        let one_degree_north = at(0.0, 0.0).metres_to(at(1.0, 0.0));
        assert!((one_degree_north - 111_195.0).abs() < 1.0, "{one_degree_north}");
        let half_way_round = at(0.0, -90.0).metres_to(at(0.0, 90.0));
        assert!((half_way_round - std::f64::consts::PI * EARTH_RADIUS_METRES).abs() < 1.0);
    }

    #[test]
    fn what_is_not_on_the_globe_is_no_point() {
        assert!(GeoPoint::new(90.1, 0.0).is_err());
        assert!(GeoPoint::new(0.0, -180.1).is_err());
        assert!(GeoPoint::new(f64::NAN, 0.0).is_err());
        assert!(serde_json::from_str::<GeoPoint>(r#"{"lat": 12.9, "lon": 777}"#).is_err());
        assert_eq!(
            serde_json::from_str::<GeoPoint>(r#"{"lat": 12.9, "lon": 77.6}"#).unwrap(),
            at(12.9, 77.6)
        );
    }
}
