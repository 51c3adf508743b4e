//! Drivers near a point, for the operator's staff.

use super::{http::Edge, places::PointQuery};
use axum::extract::State;
use interstate_http::{Json, Problem, Query, codes as edge_codes};
use interstate_live::positions::NearDriver;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const MOST_DRIVERS: usize = 100;
/// Beyond this a vehicle comes too late for anything that happens now.
const MOST_METRES: u32 = 200_000;

/// Around which point, and how far.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NearbyQuery {
    /// Degrees north.
    lat: f64,
    /// Degrees east.
    lon: f64,
    /// How far away they may be, in metres as the crow flies, 1 to 200,000.
    #[serde(default = "ten_kilometres")]
    #[schemars(range(min = 1, max = 200_000))]
    radius: u32,
    /// At most so many, 1 to 100.
    #[serde(default = "twenty")]
    #[schemars(range(min = 1, max = 100))]
    limit: usize,
}

fn ten_kilometres() -> u32 {
    10_000
}

fn twenty() -> usize {
    20
}

/// Who is near.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Nearby {
    /// The nearest first. Whoever has not been heard of for long is not among them.
    drivers: Vec<NearDriver>,
}

/// `GET /v1/positions/nearest`: the drivers nearest to a point who have been heard of lately, whether they take trips
/// or not.
pub(super) async fn nearest(
    State(edge): State<Arc<Edge>>,
    Query(query): Query<NearbyQuery>,
) -> Result<Json<Nearby>, Problem> {
    let NearbyQuery {
        lat,
        lon,
        radius,
        limit,
    } = query;
    let point = PointQuery { lat, lon }.point()?;
    let wrong =
        |field, why| Problem::new(&edge_codes::INVALID_QUERY, "The query does not fit.").field(field, why);
    if !(1..=MOST_METRES).contains(&radius) {
        return Err(wrong("radius", "must be 1 to 200000"));
    }
    if !(1..=MOST_DRIVERS).contains(&limit) {
        return Err(wrong("limit", "must be 1 to 100"));
    }
    let drivers = edge
        .location
        .nearest_drivers(point, radius, limit, edge.clock.now())
        .await;
    Ok(Json(Nearby { drivers }))
}
