//! Cities and states.

use super::{code::codes, http::Edge};
use crate::domain::{City, GazetteerError, NearCity};
use axum::extract::State;
use interstate_http::{Json, Problem, Query, codes as edge_codes};
use interstate_schemas::{GeoPoint, StateCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const MOST_CITIES: usize = 50;

/// What cities are searched by.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CityQuery {
    /// The first letters of a name, in Latin or Hindi letters.
    prefix: String,
    /// At most so many, 1 to 50.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 50))]
    limit: usize,
}

fn ten() -> usize {
    10
}

/// A point in the query.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PointQuery {
    /// Degrees north.
    pub(super) lat: f64,
    /// Degrees east.
    pub(super) lon: f64,
}

impl PointQuery {
    pub(super) fn point(&self) -> Result<GeoPoint, Problem> {
        GeoPoint::new(self.lat, self.lon).map_err(|error| {
            Problem::new(&edge_codes::INVALID_QUERY, "The point is not on the globe.")
                .field("lat", error.to_string())
        })
    }
}

/// The state that a point lies in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StateAt {
    /// The letters of its registration plates.
    pub state: StateCode,
    /// Its name.
    pub name: &'static str,
    /// The first two digits of a GSTIN.
    pub gst_number: u8,
}

/// `GET /v1/cities`: cities whose name begins so, the largest first.
pub(super) async fn cities(
    State(edge): State<Arc<Edge>>,
    Query(query): Query<CityQuery>,
) -> Result<Json<Vec<City>>, Problem> {
    if !(1..=MOST_CITIES).contains(&query.limit) {
        return Err(
            Problem::new(&edge_codes::INVALID_QUERY, "The limit does not fit.")
                .field("limit", "must be 1 to 50"),
        );
    }
    let found = edge.location.gazetteer().by_prefix(&query.prefix, query.limit);
    Ok(Json(found.into_iter().cloned().collect()))
}

/// `GET /v1/cities/nearest`: the city whose centre is nearest.
pub(super) async fn nearest_city(
    State(edge): State<Arc<Edge>>,
    Query(query): Query<PointQuery>,
) -> Result<Json<NearCity>, Problem> {
    let found = edge.location.gazetteer().nearest(query.point()?);
    found.map(Json).map_err(not_found)
}

/// `GET /v1/states/at`: the state that a point lies in.
pub(super) async fn state_at(
    State(edge): State<Arc<Edge>>,
    Query(query): Query<PointQuery>,
) -> Result<Json<StateAt>, Problem> {
    let found = edge.location.gazetteer().state_of(query.point()?);
    let state = found.map_err(not_found)?;
    Ok(Json(StateAt {
        state,
        name: state.name(),
        gst_number: state.gst_number(),
    }))
}

fn not_found(error: GazetteerError) -> Problem {
    match error {
        GazetteerError::NotInIndia { .. } => Problem::new(&codes::NOT_IN_INDIA, format!("{error}.")),
        GazetteerError::UnknownCity(_) => Problem::new(&codes::STOP_UNKNOWN, format!("{error}.")),
    }
}
