//! What a route says.

use crate::domain::place::Place;
use interstate_schemas::{GeoPoint, Money, StateCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a route was found, so that nobody takes an estimate for a survey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteSource {
    /// Estimated from towns, toll plazas and terrain; there is no map of roads behind it.
    Approximate,
}

/// A route through places in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Route {
    /// How it was found.
    pub source: RouteSource,
    /// Length by road in metres: the sum over the legs.
    pub metres: u32,
    /// How many of the metres are in hills.
    pub hill_metres: u32,
    /// Driving time in seconds, without halts: the sum over the legs.
    pub seconds: u32,
    /// States in the order they are driven through; one that is entered again is named again.
    pub states: Vec<StateCode>,
    /// One leg between each place and the next.
    pub legs: Vec<Leg>,
}

/// The way from one place to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Leg {
    /// Where the leg starts.
    pub from: Place,
    /// Where it ends.
    pub to: Place,
    /// Length by road in metres.
    pub metres: u32,
    /// How many of the metres are in hills.
    pub hill_metres: u32,
    /// Whether a day with this leg is a hill day.
    pub hill: bool,
    /// Driving time in seconds, without halts.
    pub seconds: u32,
    /// The line on the map, from start to end; at least two points.
    pub geometry: Vec<GeoPoint>,
    /// The states in the order they are driven through, with how far.
    pub states: Vec<StateStretch>,
    /// The borders between them.
    pub borders: Vec<BorderCrossing>,
    /// The toll plazas of national highways on the way, in order.
    pub tolls: Vec<TollOnRoute>,
}

/// A part of a leg within one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateStretch {
    /// The state.
    pub state: StateCode,
    /// Metres by road within it.
    pub metres: u32,
}

/// Where a leg goes from one state into another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BorderCrossing {
    /// The state that is left.
    pub from: StateCode,
    /// The state that is entered.
    pub to: StateCode,
    /// Roughly where: to some kilometres, as the geometry is.
    pub at: GeoPoint,
    /// Metres by road from the start of the leg.
    pub metres_from_start: u32,
}

/// What a vehicle pays as at a plaza of a national highway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TollClass {
    /// Car, jeep or van: every cab up to and with the SUVs.
    Car,
    /// Light commercial vehicle or minibus: a tempo traveller.
    Lcv,
}

/// A toll plaza that a leg passes, and what it charged when the fees were collected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TollOnRoute {
    /// The highway authority's number of the plaza.
    pub plaza: u32,
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: StateCode,
    /// The highway, where known: `NH-48`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub highway: Option<String>,
    /// Where it stands.
    pub at: GeoPoint,
    /// Metres by road from the start of the leg.
    pub metres_from_start: u32,
    /// One passage of a car; absent where not known.
    pub car_single: Option<Money>,
    /// There and back within 24 hours, for a car.
    pub car_return: Option<Money>,
    /// One passage of a light commercial vehicle.
    pub lcv_single: Option<Money>,
    /// There and back within 24 hours, for a light commercial vehicle.
    pub lcv_return: Option<Money>,
    /// The day that these fees took effect, `2021-04-01`; they have risen each April since.
    pub fees_as_of: jiff::civil::Date,
}

impl TollOnRoute {
    /// The fee of one passage; `None` where it is not known.
    pub fn single(&self, class: TollClass) -> Option<Money> {
        match class {
            TollClass::Car => self.car_single,
            TollClass::Lcv => self.lcv_single,
        }
    }
}

/// The sum of the fees on a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct TollEstimate {
    /// The single fees that are known.
    pub total: Money,
    /// How many plazas are passed.
    pub plazas: u32,
    /// How many of them charge a fee that is not known.
    pub without_fee: u32,
}

impl Route {
    /// The tolls of all legs for vehicles of a class, each passage at the single fee.
    pub fn tolls(&self, class: TollClass) -> TollEstimate {
        let fees = self
            .legs
            .iter()
            .flat_map(|leg| &leg.tolls)
            .map(|toll| toll.single(class));
        fees.fold(TollEstimate::default(), |sum, fee| TollEstimate {
            total: sum.total + fee.unwrap_or(Money::ZERO),
            plazas: sum.plazas + 1,
            without_fee: sum.without_fee + u32::from(fee.is_none()),
        })
    }

    /// Whether a leg needs a driver who is cleared for hills.
    pub fn is_hilly(&self) -> bool {
        self.legs.iter().any(|leg| leg.hill)
    }
}

/// Why there is no route.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RouteError {
    /// A route has a start and an end.
    #[error("a route needs at least two places, {given} given")]
    TooFewPlaces {
        /// How many there were.
        given: usize,
    },
    /// More places than a route may have.
    #[error("a route has at most {limit} places with its start and end, {given} given")]
    TooManyPlaces {
        /// How many there were.
        given: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A place lies at sea or abroad.
    #[error("place {position}, {name} ({lat:.5}, {lon:.5}), is not in India")]
    NotInIndia {
        /// Which place, counted from 1.
        position: usize,
        /// Its name.
        name: String,
        /// Degrees north.
        lat: f64,
        /// Degrees east.
        lon: f64,
    },
    /// A place that no road is near to.
    #[error("no road is known near place {position}, {name}")]
    OffRoad {
        /// Which place, counted from 1.
        position: usize,
        /// Its name.
        name: String,
    },
    /// Two places that no road connects: an island is one of them.
    #[error("no road leads from {from} to {to}")]
    NoRoad {
        /// Where the leg starts.
        from: String,
        /// Where it ends.
        to: String,
    },
}
