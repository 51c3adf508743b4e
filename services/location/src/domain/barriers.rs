//! Lines that a road crosses only where a bridge or a pass lets it.
//!
//! The borders of the states are drawn along the coast, but count broad rivers, estuaries, harbours and lagoons as
//! land; and a zone of hills makes roads longer, but cannot say that a crest has few passes. `data/barriers.geojson`
//! has a line along each such water or crest, drawn by hand, with its source. The places of the bridges and passes are
//! corners of that line, and nodes of the network. Nothing is said about towns.

use super::data::{self, DataError, Geometry, Ring};
use interstate_schemas::GeoPoint;
use serde::Deserialize;

const FILE: &str = "barriers.geojson";

/// What a feature of the file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// A line that no road crosses.
    Barrier,
    /// Where roads cross such lines.
    Crossings,
}

#[derive(Debug, Deserialize)]
struct Properties {
    name: String,
    kind: Kind,
    source: String,
}

/// One water or crest, as a line of straight pieces.
struct Barrier {
    corners: Ring,
    /// West, south, east, north.
    bounds: [f64; 4],
}

/// All lines that roads cross only at certain places.
pub struct Barriers {
    lines: Vec<Barrier>,
    crossings: Vec<GeoPoint>,
}

impl Barriers {
    /// Reads the lines that are part of the program.
    pub fn embedded() -> Result<Self, DataError> {
        let (mut lines, mut crossings) = (Vec::new(), Vec::new());
        for feature in data::features::<Properties>(FILE, data::BARRIERS)? {
            let Properties { name, kind, source } = feature.properties;
            if source.len() < 20 {
                return Err(DataError::new(FILE, format!("{name} has no source")));
            }
            match (kind, feature.geometry) {
                (Kind::Barrier, Geometry::LineString(corners)) => lines.push(Barrier::new(corners)),
                (Kind::Crossings, Geometry::MultiPoint(points)) => {
                    for [lon, lat] in points {
                        let point = GeoPoint::new(lat, lon).map_err(|error| DataError::new(FILE, error))?;
                        crossings.push(point);
                    }
                }
                _ => {
                    let reason = format!("{name} is neither a line nor the points where roads cross one");
                    return Err(DataError::new(FILE, reason));
                }
            }
        }
        Ok(Self { lines, crossings })
    }

    /// Where bridges and passes are: corners of the lines.
    pub fn crossings(&self) -> &[GeoPoint] {
        &self.crossings
    }

    /// Whether a barrier lies between `a` and `b` as the crow flies. None does where the way ends at a bridge or a
    /// pass of it.
    pub fn between(&self, a: GeoPoint, b: GeoPoint) -> bool {
        self.lines.iter().any(|line| line.is_crossed_by(a, b))
    }
}

impl Barrier {
    fn new(corners: Ring) -> Self {
        let nowhere = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        let bounds = corners
            .iter()
            .fold(nowhere, |[west, south, east, north], [lon, lat]| {
                [west.min(*lon), south.min(*lat), east.max(*lon), north.max(*lat)]
            });
        Self { corners, bounds }
    }

    fn is_crossed_by(&self, a: GeoPoint, b: GeoPoint) -> bool {
        let [west, south, east, north] = self.bounds;
        let apart = |p: f64, q: f64, low: f64, high: f64| p.max(q) < low || p.min(q) > high;
        if apart(a.lon(), b.lon(), west, east) || apart(a.lat(), b.lat(), south, north) {
            return false;
        }
        let way = [[a.lon(), a.lat()], [b.lon(), b.lat()]];
        let ends_at = |corner: &[f64; 2]| way.contains(corner);
        self.corners
            .windows(2)
            .any(|piece| !piece.iter().any(ends_at) && cross(way, [piece[0], piece[1]]))
    }
}

/// Whether a way crosses a piece of a line; also where it goes through one of the piece's ends, so that nothing
/// slips between two pieces.
fn cross(way: [[f64; 2]; 2], piece: [[f64; 2]; 2]) -> bool {
    let side = |of: [[f64; 2]; 2], p: [f64; 2]| {
        (of[1][0] - of[0][0]) * (p[1] - of[0][1]) - (of[1][1] - of[0][1]) * (p[0] - of[0][0])
    };
    side(way, piece[0]) * side(way, piece[1]) <= 0.0 && side(piece, way[0]) * side(piece, way[1]) < 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(lat: f64, lon: f64) -> GeoPoint {
        GeoPoint::new(lat, lon).unwrap()
    }

    #[test]
    fn a_river_is_in_the_way_except_at_its_bridges() {
        let river = Barrier::new(vec![[80.0, 25.0], [80.5, 25.0], [81.0, 25.0]]);
        let (north, south) = (point(25.2, 80.4), point(24.8, 80.4));
        assert!(river.is_crossed_by(north, south) && river.is_crossed_by(south, north));
        assert!(!river.is_crossed_by(north, point(25.1, 80.9)), "along the bank");
        assert!(
            !river.is_crossed_by(point(25.2, 79.9), point(24.8, 79.9)),
            "past its end"
        );
        let bridge = point(25.0, 80.5);
        assert!(!river.is_crossed_by(north, bridge) && !river.is_crossed_by(bridge, south));
        assert!(
            river.is_crossed_by(point(25.2, 80.5), point(24.8, 80.5)),
            "from beside the bridge, straight through it: such a way is made of two"
        );
    }

    #[test]
    fn the_lower_hooghly_and_mumbais_harbour_have_no_bridge() {
        let barriers = Barriers::embedded().unwrap();
        let (haldia, diamond_harbour) = (point(22.060, 88.110), point(22.193, 88.190));
        assert!(barriers.between(haldia, diamond_harbour));
        let (colaba, alibag) = (point(18.91, 72.815), point(18.648, 72.876));
        assert!(barriers.between(colaba, alibag));
    }

    #[test]
    fn every_crossing_is_a_corner_of_a_line() {
        let barriers = Barriers::embedded().unwrap();
        assert!(!barriers.crossings().is_empty());
        for crossing in barriers.crossings() {
            let on_it = |corner: &[f64; 2]| *corner == [crossing.lon(), crossing.lat()];
            assert!(
                barriers.lines.iter().any(|line| line.corners.iter().any(on_it)),
                "{crossing:?} lies on no line"
            );
        }
    }
}
