//! A polygon that answers "is this point inside?" in well under a microsecond.

use super::data::Ring;
use interstate_schemas::GeoPoint;

/// Segments are sorted into this many horizontal bands, so that a question looks at a handful of them.
const BANDS: usize = 256;

/// An area on the map, of any number of rings; a point inside an odd number of rings is inside.
pub(crate) struct Area {
    south: f64,
    north: f64,
    west: f64,
    east: f64,
    /// For each band of latitude, the segments that touch it, as (lon, lat, lon, lat).
    bands: Vec<Vec<[f64; 4]>>,
}

impl Area {
    /// From rings of (longitude, latitude), closed or not.
    pub fn new(rings: &[Ring]) -> Self {
        let mut area = Self {
            south: f64::INFINITY,
            north: f64::NEG_INFINITY,
            west: f64::INFINITY,
            east: f64::NEG_INFINITY,
            bands: vec![Vec::new(); BANDS],
        };
        for [lon, lat] in rings.iter().flatten() {
            area.south = area.south.min(*lat);
            area.north = area.north.max(*lat);
            area.west = area.west.min(*lon);
            area.east = area.east.max(*lon);
        }
        for ring in rings {
            let ends = ring.iter().skip(1).chain(ring.first());
            for ([lon1, lat1], [lon2, lat2]) in ring.iter().zip(ends) {
                // A level segment never decides whether a ray along the parallel crosses.
                if lat1 == lat2 {
                    continue;
                }
                let (low, high) = (area.band(lat1.min(*lat2)), area.band(lat1.max(*lat2)));
                for band in &mut area.bands[low..=high] {
                    band.push([*lon1, *lat1, *lon2, *lat2]);
                }
            }
        }
        area.bands.iter_mut().for_each(Vec::shrink_to_fit);
        area
    }

    /// Whether the point is inside.
    pub fn contains(&self, point: GeoPoint) -> bool {
        let (lat, lon) = (point.lat(), point.lon());
        if lat < self.south || lat > self.north || lon < self.west || lon > self.east {
            return false;
        }
        let crossings = self.bands[self.band(lat)]
            .iter()
            .filter(|[lon1, lat1, lon2, lat2]| {
                (*lat1 > lat) != (*lat2 > lat) && lon < lon1 + (lat - lat1) / (lat2 - lat1) * (lon2 - lon1)
            });
        crossings.count() % 2 == 1
    }

    /// Size of the surrounding box in square degrees, to ask small areas first.
    pub fn box_size(&self) -> f64 {
        (self.north - self.south) * (self.east - self.west)
    }

    fn band(&self, lat: f64) -> usize {
        let share = (lat - self.south) / (self.north - self.south);
        ((share * BANDS as f64) as usize).min(BANDS - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_is_outside() {
        let square =
            |low: f64, high: f64| vec![[low, low], [high, low], [high, high], [low, high], [low, low]];
        let area = Area::new(&[square(10.0, 20.0), square(14.0, 16.0)]);
        let inside = |lat, lon| area.contains(GeoPoint::new(lat, lon).unwrap());
        assert!(inside(12.0, 12.0) && inside(15.0, 13.9) && inside(19.99, 10.01));
        assert!(!inside(15.0, 15.0), "in the hole");
        assert!(!inside(9.99, 12.0) && !inside(12.0, 20.01));
    }
}
