//! Which corridor a trip belongs to. A stop's name may be a rider's own words, so that the corridor goes by where
//! the stop is: the city of the gazetteer that is nearest. No place of a rider comes into a fact.

use interstate_schemas::GeoPoint;
use rstar::{RTree, primitives::GeomWithData};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::LazyLock};

const CITIES: &str = include_str!("../../../../data/cities.csv");

/// A city by its GeoNames id, as the location service names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct CityId(pub u32);

/// A directed pair of cities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Corridor {
    /// Where the trip starts.
    pub origin: CityId,
    /// Where it goes: the last stop in another city than the first; the first's own where there is none. So a round
    /// trip belongs to the corridor of its way there.
    pub destination: CityId,
}

impl Corridor {
    /// Of a trip's stops, in order; nothing where there are none.
    pub fn of(stops: impl IntoIterator<Item = GeoPoint>) -> Option<Self> {
        let mut cities = stops.into_iter().map(nearest);
        let origin = cities.next()?;
        let destination = cities.filter(|city| *city != origin).last();
        Some(Self {
            origin,
            destination: destination.unwrap_or(origin),
        })
    }
}

impl CityId {
    /// Its name in English; nothing for an id that is no city's.
    pub fn name(self) -> Option<&'static str> {
        GAZETTEER.names.get(&self).copied()
    }
}

struct Gazetteer {
    tree: RTree<GeomWithData<[f64; 3], CityId>>,
    names: BTreeMap<CityId, &'static str>,
}

static GAZETTEER: LazyLock<Gazetteer> = LazyLock::new(|| {
    let (mut points, mut names) = (Vec::new(), BTreeMap::new());
    // geoname_id,name,ascii_name,name_hi,lat,lon,state,population: no field of the file is quoted.
    for line in CITIES.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [id, _, name, _, lat, lon, ..] = fields[..] else {
            continue;
        };
        if let (Ok(id), Ok(lat), Ok(lon)) = (id.parse(), lat.parse(), lon.parse()) {
            points.push(GeomWithData::new(on_sphere(lat, lon), CityId(id)));
            names.insert(CityId(id), name);
        }
    }
    Gazetteer {
        tree: RTree::bulk_load(points),
        names,
    }
});

/// On the unit sphere the shorter chord is the shorter way.
fn on_sphere(lat: f64, lon: f64) -> [f64; 3] {
    let (lat, lon) = (lat.to_radians(), lon.to_radians());
    [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
}

fn nearest(point: GeoPoint) -> CityId {
    let found = GAZETTEER
        .tree
        .nearest_neighbor(&on_sphere(point.lat(), point.lon()));
    found.expect("the gazetteer has cities").data
}

#[cfg(test)]
mod tests {
    use super::*;

    const MUMBAI: CityId = CityId(1_275_339);
    const DELHI: CityId = CityId(1_273_294);

    fn at(lat: f64, lon: f64) -> GeoPoint {
        GeoPoint::new(lat, lon).unwrap()
    }

    #[test]
    fn the_file_is_read_whole() {
        assert_eq!(CITIES.lines().count() - 1, GAZETTEER.names.len());
        assert!(!CITIES.contains('"'), "a quoted field needs another reader");
        assert_eq!(MUMBAI.name(), Some("Mumbai"));
        assert_eq!(CityId(1).name(), None);
    }

    #[test]
    fn a_corridor_goes_to_the_last_other_city() {
        let (mumbai, delhi) = (at(19.072_83, 72.882_61), at(28.651_95, 77.231_49));
        let there = Corridor {
            origin: MUMBAI,
            destination: DELHI,
        };
        assert_eq!(Corridor::of([mumbai, delhi]), Some(there));
        assert_eq!(
            Corridor::of([mumbai, delhi, mumbai]),
            Some(there),
            "and back again"
        );
        let within = Corridor {
            origin: MUMBAI,
            destination: MUMBAI,
        };
        assert_eq!(Corridor::of([mumbai, at(19.073, 72.883)]), Some(within));
        assert_eq!(Corridor::of([]), None);
    }
}
