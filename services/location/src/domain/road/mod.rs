//! An approximate network of roads, and routes on it.

mod access;
mod crossings;
pub mod graph;
mod model;
pub mod plazas;
mod route;
mod search;

pub use model::{MAX_PLACES, RoadModel};
pub use route::{
    BorderCrossing, Leg, Route, RouteError, RouteSource, StateStretch, TollClass, TollEstimate, TollOnRoute,
};
