//! What booking asks of other services while somebody waits. The platform wires it.

use async_trait::async_trait;
use interstate_schemas::{GeoPoint, TripRoute, VehicleClass};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A place as a rider names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceRef {
    /// A city by its number at the location service.
    City(u32),
    /// A city by its name, where no other has the same.
    Name(String),
    /// Any point.
    Point {
        /// What to call it.
        name: String,
        /// Where it is.
        at: GeoPoint,
    },
}

/// Why there is no route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// One of the places is not known. 0 is the first stop.
    #[error("the place `{name}` is not known: {why}")]
    UnknownPlace {
        /// Which stop.
        stop: usize,
        /// As the rider named it.
        name: String,
        /// What was wrong with it.
        why: String,
    },
    /// No road joins them.
    #[error("there is no road route: {0}")]
    NoRoute(String),
    /// The location service does not answer; try again.
    #[error("routes cannot be found now: {0}")]
    Unavailable(String),
}

/// Finds the way between places.
#[async_trait]
pub trait RouteFinder: Send + Sync + 'static {
    /// The way between the stops in their order, with the tolls of a vehicle of this class. Equal questions get
    /// equal answers while the road data is the same: a repeated request must be the same request.
    ///
    /// # Errors
    /// A [`RouteError`].
    async fn route(&self, stops: &[PlaceRef], class: VehicleClass) -> Result<TripRoute, RouteError>;
}
