//! Routes between stops.

use super::{code::codes, http::Edge};
use crate::{
    LocationError, StopRef,
    domain::{GazetteerError, RouteError, road::MAX_PLACES, trip_route::StopError},
};
use axum::extract::State;
use interstate_http::{IdempotencyKey, Json, Problem};
use interstate_schemas::{GeoPoint, TripRoute, VehicleClass};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which route is wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteQuestion {
    /// The stops in their order.
    #[schemars(length(min = 2, max = 25))]
    pub stops: Vec<StopRef>,
    /// Whose tolls count; a sedan's where nothing is said.
    #[serde(default)]
    pub class: Option<VehicleClass>,
}

/// The line of one leg on the map.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LegLine {
    /// Points from start to end, at least two. Straight between towns: a sketch, not the road.
    pub points: Vec<GeoPoint>,
}

/// A route with its lines.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RouteView {
    /// What quotes keep of it.
    #[serde(flatten)]
    pub route: TripRoute,
    /// One a leg.
    pub lines: Vec<LegLine>,
}

/// `POST /v1/routes`: the approximate road route through the stops. It changes nothing, so that a repeat is
/// simply answered again.
pub(super) async fn find(
    State(edge): State<Arc<Edge>>,
    _key: IdempotencyKey,
    Json(question): Json<RouteQuestion>,
) -> Result<Json<RouteView>, Problem> {
    let count = question.stops.len();
    if !(2..=MAX_PLACES).contains(&count) {
        let detail = format!("A route has 2 to {MAX_PLACES} stops, {count} were given.");
        return Err(Problem::new(&codes::STOPS_DO_NOT_FIT, detail));
    }
    // A long route takes some milliseconds of computing: not on the threads that serve everyone.
    let found = tokio::task::spawn_blocking(move || answer(&edge, &question)).await;
    found.map_err(Problem::internal)?.map(Json)
}

fn answer(edge: &Edge, question: &RouteQuestion) -> Result<RouteView, Problem> {
    let class = question.class.unwrap_or(VehicleClass::Sedan);
    let route = edge.location.route(&question.stops).map_err(problem)?;
    Ok(RouteView {
        route: edge.location.published(&route, class).map_err(problem)?,
        lines: route
            .legs
            .into_iter()
            .map(|leg| LegLine { points: leg.geometry })
            .collect(),
    })
}

fn problem(error: LocationError) -> Problem {
    let detail = format!("{error}.");
    let (code, position) = match &error {
        LocationError::UnknownName { position, .. } => (&codes::STOP_UNKNOWN, Some(*position)),
        LocationError::AmbiguousName { position, .. } => (&codes::STOP_AMBIGUOUS, Some(*position)),
        LocationError::Stops(StopError::Unknown { position, reason }) => match reason {
            GazetteerError::UnknownCity(_) => (&codes::STOP_UNKNOWN, Some(*position)),
            GazetteerError::NotInIndia { .. } => (&codes::NOT_IN_INDIA, Some(*position)),
        },
        LocationError::Stops(StopError::Route(reason)) => match reason {
            RouteError::TooFewPlaces { .. } | RouteError::TooManyPlaces { .. } => {
                (&codes::STOPS_DO_NOT_FIT, None)
            }
            RouteError::NotInIndia { position, .. } => (&codes::NOT_IN_INDIA, Some(*position)),
            RouteError::OffRoad { position, .. } => (&codes::ROUTE_NOT_FOUND, Some(*position)),
            RouteError::NoRoad { .. } => (&codes::ROUTE_NOT_FOUND, None),
        },
        LocationError::Data(_) | LocationError::Log(_) => return Problem::internal(error),
    };
    let problem = Problem::new(code, detail.clone());
    match position {
        Some(position) => problem.field(format!("/stops/{}", position.saturating_sub(1)), detail),
        None => problem,
    }
}
