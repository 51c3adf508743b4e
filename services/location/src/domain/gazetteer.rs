//! The cities of India: found by the first letters of a name, or by a point.

use super::{
    data::{self, DataError},
    fold::fold,
    geo::OnTheMap,
    place::Place,
    states::States,
};
use interstate_schemas::{GeoPoint, StateCode};
use rstar::{RTree, primitives::GeomWithData};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// A city by its GeoNames id, which stays the same when the city is renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CityId(pub u32);

/// A city or town.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct City {
    /// Its GeoNames id.
    pub id: CityId,
    /// Its name in English letters without marks.
    pub name: String,
    /// Its name in Hindi, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_hi: Option<String>,
    /// Its state.
    pub state: StateCode,
    /// Its centre.
    pub point: GeoPoint,
    /// People who live there, as last counted or estimated.
    pub population: u32,
}

/// A city and how far away it is.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct NearCity {
    /// The city.
    #[serde(flatten)]
    pub city: City,
    /// Metres from the point that was asked for to the city's centre, as the crow flies.
    pub metres: u32,
}

/// What cannot be found.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GazetteerError {
    /// No city has this id.
    #[error("no city has the id {}: search for it by name", .0.0)]
    UnknownCity(CityId),
    /// The point lies at sea or abroad.
    #[error("{lat:.5}, {lon:.5} is not in India")]
    NotInIndia {
        /// Degrees north.
        lat: f64,
        /// Degrees east.
        lon: f64,
    },
}

/// A city of this many times the people of the next one is meant when nothing else is said.
const DWARFED_BY: u32 = 10;
/// Rows of one name that are no further apart are one place in two rows, or a town and its suburb.
const SAME_PLACE_M: f64 = 25_000.0;
/// How many cities of one name are listed to choose from.
const MOST_CANDIDATES: usize = 8;

/// A city that may be meant by a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// Its id.
    pub id: CityId,
    /// Its state.
    pub state: StateCode,
    /// People who live there.
    pub population: u32,
}

impl Candidate {
    const fn of(city: &City) -> Self {
        Self {
            id: city.id,
            state: city.state,
            population: city.population,
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, state, .. } = self;
        write!(f, "{} in {} ({state})", id.0, state.name())
    }
}

/// Why a name does not say which city is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameError {
    /// No city is called so.
    Unknown,
    /// Several cities far apart are.
    Ambiguous {
        /// Which, the largest first.
        candidates: Vec<Candidate>,
    },
}

/// A state by the letters of its plates or by its name.
fn state_named(text: &str) -> Option<StateCode> {
    let named = fold(text);
    let is_it = |state: &&StateCode| fold(&state.to_string()) == named || fold(state.name()) == named;
    StateCode::ALL.iter().find(is_it).copied()
}

/// Every city, with the indexes to find it by.
pub struct Gazetteer {
    states: States,
    /// Largest first, so that an index is also a rank.
    cities: Vec<City>,
    by_id: BTreeMap<CityId, u32>,
    /// Folded names from each of their words on, sorted; with the city's rank and whether the name itself
    /// starts there.
    keys: Vec<(Box<str>, u32, bool)>,
    by_place: RTree<GeomWithData<[f64; 3], u32>>,
}

/// A row of `cities.csv`.
#[derive(Deserialize)]
struct CityRow {
    geoname_id: u32,
    name: String,
    ascii_name: String,
    name_hi: String,
    lat: f64,
    lon: f64,
    #[serde(deserialize_with = "data::state_code_or_none")]
    state: Option<StateCode>,
    population: u32,
}

/// A row of `city-aliases.csv`.
#[derive(Deserialize)]
struct AliasRow {
    geoname_id: u32,
    alias: String,
}

impl Gazetteer {
    /// Reads the cities that are part of the program. A town that lies in no state as drawn is left out.
    pub fn embedded() -> Result<Self, DataError> {
        const FILE: &str = "cities.csv";
        let mut rows = data::rows::<CityRow>(FILE, data::CITIES)?;
        rows.sort_by_key(|row| (std::cmp::Reverse(row.population), row.geoname_id));
        let mut gazetteer = Self {
            states: States::embedded()?,
            cities: Vec::with_capacity(rows.len()),
            by_id: BTreeMap::new(),
            keys: Vec::new(),
            by_place: RTree::new(),
        };
        for row in rows {
            gazetteer.add(row).map_err(|error| DataError::new(FILE, error))?;
        }
        gazetteer.add_aliases()?;
        gazetteer.keys.sort();
        gazetteer.keys.dedup();
        let places = gazetteer
            .cities
            .iter()
            .zip(0..)
            .map(|(city, rank)| GeomWithData::new(city.point.on_sphere(), rank));
        gazetteer.by_place = RTree::bulk_load(places.collect());
        Ok(gazetteer)
    }

    /// At most `limit` cities whose name begins with `text`, in Latin or Hindi letters, without regard to
    /// case and marks; the largest first. Names that only have a later word beginning so come after them.
    pub fn by_prefix(&self, text: &str, limit: usize) -> Vec<&City> {
        let prefix = fold(text);
        if prefix.is_empty() {
            return Vec::new();
        }
        let start = self.keys.partition_point(|(key, ..)| **key < *prefix);
        let mut found: Vec<(bool, u32)> = self.keys[start..]
            .iter()
            .take_while(|(key, ..)| key.starts_with(&prefix))
            .map(|(_, rank, whole)| (!whole, *rank))
            .collect();
        // One city can be found by several names: keep its best place.
        found.sort_unstable_by_key(|(later, rank)| (*rank, *later));
        found.dedup_by_key(|(_, rank)| *rank);
        found.sort_unstable();
        found
            .iter()
            .take(limit)
            .map(|(_, rank)| &self.cities[*rank as usize])
            .collect()
    }

    /// The city that is called so, by any of its names in Latin or Hindi letters. `Manali, HP` and
    /// `Manali, Himachal Pradesh` name the state too. Where several cities far apart have the name, the largest
    /// is meant only if it dwarfs the others.
    ///
    /// # Errors
    /// Where nothing is called so, or several are.
    pub fn by_name(&self, text: &str) -> Result<&City, NameError> {
        let (name, state) = match text.rsplit_once(',') {
            Some((name, state)) => (name, Some(state_named(state).ok_or(NameError::Unknown)?)),
            None => (text, None),
        };
        let name = fold(name);
        let called = self.called(&name);
        let mut found = called.filter(|city| state.is_none_or(|state| city.state == state));
        let largest = found.next().ok_or(NameError::Unknown)?;
        let others: Vec<&City> = found
            .filter(|city| city.point.metres_to(largest.point) > SAME_PLACE_M)
            .collect();
        match others.first() {
            Some(next) if largest.population < next.population.saturating_mul(DWARFED_BY) => {
                let candidates = std::iter::once(largest).chain(others);
                Err(NameError::Ambiguous {
                    candidates: candidates.take(MOST_CANDIDATES).map(Candidate::of).collect(),
                })
            }
            _ => Ok(largest),
        }
    }

    /// The cities of a folded name, the largest first.
    fn called(&self, name: &str) -> impl Iterator<Item = &City> {
        let start = self.keys.partition_point(|(key, ..)| **key < *name);
        let ranks: BTreeSet<u32> = self.keys[start..]
            .iter()
            .take_while(|(key, ..)| **key == *name)
            .filter(|(_, _, whole)| *whole)
            .map(|(_, rank, _)| *rank)
            .collect();
        ranks.into_iter().map(|rank| &self.cities[rank as usize])
    }

    /// The city with this id.
    pub fn city(&self, id: CityId) -> Result<&City, GazetteerError> {
        let rank = self.by_id.get(&id).ok_or(GazetteerError::UnknownCity(id))?;
        Ok(&self.cities[*rank as usize])
    }

    /// The city with this id as a place on a route.
    pub fn place(&self, id: CityId) -> Result<Place, GazetteerError> {
        self.city(id).map(|city| Place::new(&city.name, city.point))
    }

    /// The city whose centre is nearest to a point in India.
    pub fn nearest(&self, point: GeoPoint) -> Result<NearCity, GazetteerError> {
        self.state_of(point)?;
        let found = self
            .by_place
            .nearest_neighbor(&point.on_sphere())
            .expect("the gazetteer has cities");
        let city = self.cities[found.data as usize].clone();
        let metres = point.metres_to(city.point).round() as u32;
        Ok(NearCity { city, metres })
    }

    /// The state or union territory that a point lies in.
    pub fn state_of(&self, point: GeoPoint) -> Result<StateCode, GazetteerError> {
        self.states.at(point).ok_or(GazetteerError::NotInIndia {
            lat: point.lat(),
            lon: point.lon(),
        })
    }

    /// The map of the states.
    pub fn states(&self) -> &States {
        &self.states
    }

    /// Every city, the largest first.
    pub fn cities(&self) -> &[City] {
        &self.cities
    }

    fn add(&mut self, row: CityRow) -> Result<(), interstate_schemas::NotOnTheGlobe> {
        let point = GeoPoint::new(row.lat, row.lon)?;
        let Some(state) = row.state else { return Ok(()) };
        let rank = self.cities.len() as u32;
        for name in [&row.name, &row.ascii_name, &row.name_hi] {
            self.add_name(name, rank);
        }
        let id = CityId(row.geoname_id);
        self.by_id.insert(id, rank);
        let name_hi = Some(row.name_hi).filter(|name| !name.is_empty());
        self.cities.push(City {
            id,
            name: row.ascii_name,
            name_hi,
            state,
            point,
            population: row.population,
        });
        Ok(())
    }

    fn add_aliases(&mut self) -> Result<(), DataError> {
        const FILE: &str = "city-aliases.csv";
        for row in data::rows::<AliasRow>(FILE, data::CITY_ALIASES)? {
            let rank = self.by_id.get(&CityId(row.geoname_id)).copied();
            let rank = rank.ok_or_else(|| DataError::new(FILE, format!("{} is no city", row.geoname_id)))?;
            self.add_name(&row.alias, rank);
        }
        Ok(())
    }

    fn add_name(&mut self, name: &str, rank: u32) {
        let folded = fold(name);
        if folded.is_empty() {
            return;
        }
        let later_words = folded
            .match_indices(' ')
            .map(|(at, _)| (folded[at + 1..].into(), rank, false));
        self.keys.extend(later_words);
        self.keys.push((folded.into(), rank, true));
    }
}
