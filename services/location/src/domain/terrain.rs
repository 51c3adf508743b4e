//! What the ground does to a road: how much longer than the crow's flight it is, and how fast.
//!
//! There is no map of roads here, only zones drawn by hand in `data/terrain-zones.geojson`, each with its
//! source. A zone says something about every road inside of it; nothing is said about single towns.

use super::{
    area::Area,
    barriers::Barriers,
    data::{self, DataError},
    geo::OnTheMap,
};
use interstate_schemas::GeoPoint;
use serde::Deserialize;

/// Length of a road over its crow's flight, on plains, from one town to the next.
pub const PLAIN_ROAD_FACTOR: f64 = 1.155;

/// Average speed of a cab on plains, halts for tea not counted.
pub const PLAIN_KMH: f64 = 55.0;

/// Roads are looked at in steps of this length.
const STEP_M: f64 = 1_000.0;

/// What kind of ground a zone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// Hill roads: hill allowances and slower speeds apply.
    Hill,
    /// No hills, but roads that are longer or slower than elsewhere.
    Plain,
    /// No road leads through.
    NoRoad,
}

/// An area where roads differ from those on plains.
#[derive(Debug, Clone, Deserialize)]
pub struct Zone {
    /// What the area is called.
    pub name: String,
    /// Hills or not.
    pub kind: Ground,
    /// Length of a road over its crow's flight, from one town to the next.
    pub road_factor: f64,
    /// Average speed of a cab.
    pub kmh: f64,
    /// Where the figures are from.
    pub source: String,
}

/// A road between two points, as estimated.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Stretch {
    /// Length by road.
    pub metres: f64,
    /// How much of the length is in hills.
    pub hill_metres: f64,
    /// Driving time.
    pub seconds: f64,
}

impl Stretch {
    /// The same ground, with the length known from elsewhere.
    #[must_use]
    pub fn with_metres(self, metres: f64) -> Self {
        let ratio = metres / self.metres;
        Self {
            metres,
            hill_metres: self.hill_metres * ratio,
            seconds: self.seconds * ratio,
        }
    }
}

/// All zones; where two overlap, the one that comes first in the file counts.
pub struct Terrain {
    zones: Vec<(Zone, Area)>,
    barriers: Barriers,
}

impl Terrain {
    /// Reads the zones that are part of the program.
    pub fn embedded() -> Result<Self, DataError> {
        const FILE: &str = "terrain-zones.geojson";
        let mut zones = Vec::new();
        for feature in data::features::<Zone>(FILE, data::TERRAIN_ZONES)? {
            let zone = feature.properties;
            if zone.kind != Ground::NoRoad && (zone.road_factor < 1.0 || zone.kmh <= 0.0) {
                return Err(DataError::new(
                    FILE,
                    format!("{} has an impossible factor or speed", zone.name),
                ));
            }
            zones.push((zone, Area::new(&feature.geometry.into_rings())));
        }
        Ok(Self {
            zones,
            barriers: Barriers::embedded()?,
        })
    }

    /// The lines that roads cross only at bridges and passes.
    pub fn barriers(&self) -> &Barriers {
        &self.barriers
    }

    /// The zone that a point lies in; `None` on ordinary plains.
    pub fn at(&self, point: GeoPoint) -> Option<&Zone> {
        self.zones
            .iter()
            .find(|(_, area)| area.contains(point))
            .map(|(zone, _)| zone)
    }

    /// The road from `a` to `b` if it ran as straight as the ground lets it; `None` where no road leads
    /// through.
    pub fn stretch(&self, a: GeoPoint, b: GeoPoint) -> Option<Stretch> {
        if self.barriers.between(a, b) {
            return None;
        }
        let crow = a.metres_to(b);
        let steps = (crow / STEP_M).ceil().max(1.0);
        let mut stretch = Stretch::default();
        for step in 0..steps as u32 {
            let zone = self.at(a.towards(b, (f64::from(step) + 0.5) / steps));
            let (ground, factor, kmh) = zone.map_or((Ground::Plain, PLAIN_ROAD_FACTOR, PLAIN_KMH), |z| {
                (z.kind, z.road_factor, z.kmh)
            });
            let metres = crow / steps * factor;
            match ground {
                Ground::NoRoad => return None,
                Ground::Hill => stretch.hill_metres += metres,
                Ground::Plain => {}
            }
            stretch.metres += metres;
            stretch.seconds += metres * 3.6 / kmh;
        }
        Some(stretch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(lat: f64, lon: f64) -> GeoPoint {
        GeoPoint::new(lat, lon).unwrap()
    }

    #[test]
    fn hills_are_longer_and_slower_than_plains() {
        let terrain = Terrain::embedded().unwrap();
        let plain = terrain.stretch(point(28.0, 79.0), point(28.0, 79.3)).unwrap();
        let hill = terrain.stretch(point(31.2, 77.3), point(31.2, 77.6)).unwrap();
        assert_eq!(plain.hill_metres, 0.0);
        assert_eq!(hill.hill_metres, hill.metres);
        assert!(hill.metres > 1.4 * plain.metres && hill.seconds > 2.0 * plain.seconds);
    }

    #[test]
    fn no_road_crosses_the_salt_marsh() {
        let terrain = Terrain::embedded().unwrap();
        assert_eq!(terrain.stretch(point(23.3, 69.7), point(24.6, 70.0)), None);
    }

    #[test]
    fn every_zone_names_its_source() {
        for (zone, _) in Terrain::embedded().unwrap().zones {
            assert!(zone.source.len() > 20, "{} has no source", zone.name);
        }
    }
}
