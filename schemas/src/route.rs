//! A route as the location service answers it and quotes keep it.

use crate::{GeoPoint, Money, StateCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A place that a trip starts at, stops at or ends at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stop {
    /// Its name, for people.
    pub name: String,
    /// Where it is.
    pub point: GeoPoint,
    /// The state that it lies in.
    pub state: StateCode,
}

/// The way from one stop to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RouteLeg {
    /// Length in metres.
    pub metres: u32,
    /// Driving time in seconds.
    pub seconds: u32,
    /// Whether a part of it lies in hills.
    pub hill: bool,
    /// How many of the metres are hill roads. Nothing where nobody counted them: then all of a leg in hills.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hill_metres: Option<u32>,
}

/// A toll plaza on the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TollStop {
    /// The plaza's id at the highways authority.
    pub plaza: u32,
    /// Its name.
    pub name: String,
    /// The fee for one passage, as last published.
    pub fee: Money,
}

/// How good a route is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteSource {
    /// From a model of towns and toll plazas, not from a road network: some per cent off.
    Approximate,
    /// From a road network that the operator imported.
    RoadNetwork,
}

/// A route between ordered stops.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TripRoute {
    /// In order, at least two.
    pub stops: Vec<Stop>,
    /// One fewer than stops.
    pub legs: Vec<RouteLeg>,
    /// Metres in all.
    pub metres: u32,
    /// Driving seconds in all.
    pub seconds: u32,
    /// States in the order in which they are entered, the first one included.
    pub states: Vec<StateCode>,
    /// Toll plazas in order.
    pub tolls: Vec<TollStop>,
    /// How good it is.
    pub source: RouteSource,
}

impl RouteLeg {
    /// How many of the metres are hill roads.
    pub fn metres_in_hills(&self) -> u32 {
        let whole = if self.hill { self.metres } else { 0 };
        self.hill_metres.map_or(whole, |counted| counted.min(self.metres))
    }
}

impl TripRoute {
    /// The tolls of one passage in all.
    pub fn toll(&self) -> Money {
        self.tolls.iter().map(|stop| stop.fee).sum()
    }

    /// Whether any leg lies in hills.
    pub fn has_hills(&self) -> bool {
        self.legs.iter().any(|leg| leg.hill)
    }
}
