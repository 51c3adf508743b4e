//! A place on the map, which both files have.

use crate::{Malformed, booking, location};
use interstate_schemas::GeoPoint;

impl From<GeoPoint> for location::Point {
    fn from(point: GeoPoint) -> Self {
        Self {
            lat: point.lat(),
            lon: point.lon(),
        }
    }
}

impl From<GeoPoint> for booking::Point {
    fn from(point: GeoPoint) -> Self {
        Self {
            lat: point.lat(),
            lon: point.lon(),
        }
    }
}

impl TryFrom<location::Point> for GeoPoint {
    type Error = Malformed;

    fn try_from(point: location::Point) -> Result<Self, Malformed> {
        Self::new(point.lat, point.lon).map_err(|error| Malformed::wrong("point", error))
    }
}

impl TryFrom<booking::Point> for GeoPoint {
    type Error = Malformed;

    fn try_from(point: booking::Point) -> Result<Self, Malformed> {
        Self::new(point.lat, point.lon).map_err(|error| Malformed::wrong("point", error))
    }
}
