//! Routes through places, on the approximate network.

use super::{
    access::{Access, AccessIndex, WIDEST_WATER_M},
    crossings,
    graph::Graph,
    plazas::Plazas,
    route::{Leg, Route, RouteError, RouteSource},
    search,
};
use crate::domain::{
    data::DataError,
    place::Place,
    states::States,
    terrain::{Stretch, Terrain},
};

use interstate_schemas::GeoPoint;

/// How many places a route may have, its start and end among them.
pub const MAX_PLACES: usize = 25;
/// Places closer than this may be connected directly, past every node.
const DIRECT_M: f64 = 40_000.0;
/// A leg with this much hill road makes the day a hill day.
const HILL_LEG_M: f64 = 10_000.0;

/// The roads of India, as well as towns, plazas and terrain tell.
pub struct RoadModel {
    graph: Graph,
    access: AccessIndex,
    states: States,
    terrain: Terrain,
    plazas: Plazas,
}

/// The line of a leg, with the road from each of its points to the next.
struct Line {
    points: Vec<GeoPoint>,
    stretches: Vec<Stretch>,
}

impl RoadModel {
    /// Reads the network that is part of the program.
    pub fn embedded() -> Result<Self, DataError> {
        let graph = Graph::embedded()?;
        Ok(Self {
            access: AccessIndex::new(&graph),
            graph,
            states: States::embedded()?,
            terrain: Terrain::embedded()?,
            plazas: Plazas::embedded()?,
        })
    }

    /// The way through the places in the order given: the shortest, but for a liking for highways.
    pub fn route(&self, places: &[Place]) -> Result<Route, RouteError> {
        match places.len() {
            given @ (0 | 1) => return Err(RouteError::TooFewPlaces { given }),
            given if given > MAX_PLACES => {
                return Err(RouteError::TooManyPlaces {
                    given,
                    limit: MAX_PLACES,
                });
            }
            _ => {}
        }
        let accesses = places
            .iter()
            .zip(1..)
            .map(|(place, position)| self.access(place, position));
        let accesses = accesses.collect::<Result<Vec<_>, _>>()?;
        let pairs = places.windows(2).zip(accesses.windows(2));
        let legs = pairs
            .map(|(place, access)| self.leg(&place[0], &access[0], &place[1], &access[1]))
            .collect::<Result<Vec<_>, _>>()?;
        let mut states: Vec<_> = legs
            .iter()
            .flat_map(|leg| &leg.states)
            .map(|stretch| stretch.state)
            .collect();
        states.dedup();
        Ok(Route {
            source: RouteSource::Approximate,
            metres: legs.iter().map(|leg| leg.metres).sum(),
            hill_metres: legs.iter().map(|leg| leg.hill_metres).sum(),
            seconds: legs.iter().map(|leg| leg.seconds).sum(),
            states,
            legs,
        })
    }

    fn access(&self, place: &Place, position: usize) -> Result<Vec<Access>, RouteError> {
        let (name, point) = (place.name.clone(), place.point);
        if self.states.at(point).is_none() {
            return Err(RouteError::NotInIndia {
                position,
                name,
                lat: point.lat(),
                lon: point.lon(),
            });
        }
        let accesses = self.access.of(point, &self.graph, &self.states, &self.terrain);
        if accesses.is_empty() {
            Err(RouteError::OffRoad { position, name })
        } else {
            Ok(accesses)
        }
    }

    fn leg(&self, from: &Place, entries: &[Access], to: &Place, exits: &[Access]) -> Result<Leg, RouteError> {
        let line = self
            .line(from, entries, to, exits)
            .ok_or_else(|| RouteError::NoRoad {
                from: from.name.clone(),
                to: to.name.clone(),
            })?;
        let mut along = vec![0.0];
        let mut sum = Stretch::default();
        for stretch in &line.stretches {
            sum.metres += stretch.metres;
            sum.hill_metres += stretch.hill_metres;
            sum.seconds += stretch.seconds;
            along.push(sum.metres);
        }
        let (states, borders) = crossings::along(&self.states, &line.points, &along);
        Ok(Leg {
            from: from.clone(),
            to: to.clone(),
            metres: sum.metres.round() as u32,
            hill_metres: sum.hill_metres.round() as u32,
            hill: sum.hill_metres >= HILL_LEG_M,
            seconds: sum.seconds.round() as u32,
            tolls: self.plazas.along(&line.points, &along),
            geometry: line.points,
            states,
            borders,
        })
    }

    fn line(&self, from: &Place, entries: &[Access], to: &Place, exits: &[Access]) -> Option<Line> {
        let way = search::cheapest(&self.graph, entries, exits, to.point);
        let direct = self
            .direct(from, to)
            .filter(|road| way.as_ref().is_none_or(|way| road.metres < way.metres));
        if let Some(road) = direct {
            return Some(Line {
                points: vec![from.point, to.point],
                stretches: vec![road],
            });
        }
        let way = way?;
        let nodes = way
            .nodes
            .iter()
            .map(|node| self.graph.points()[usize::from(*node)]);
        let points = std::iter::once(from.point)
            .chain(nodes)
            .chain([to.point])
            .collect();
        Some(Line {
            points,
            stretches: way.stretches,
        })
    }

    fn direct(&self, from: &Place, to: &Place) -> Option<Stretch> {
        let near = from.point.metres_to(to.point) <= DIRECT_M;
        let dry = near && self.states.longest_way_outside(from.point, to.point) <= WIDEST_WATER_M;
        if dry {
            self.terrain.stretch(from.point, to.point)
        } else {
            None
        }
    }
}
