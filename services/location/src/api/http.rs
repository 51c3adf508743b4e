//! The routes, and what their handlers share.

use super::{fixes, places, position, routes, tracking};
use crate::{Location, effects::MilestoneWatch, ports::BookedTrips, read::OpenTrips, telemetry::Recorder};
use aide::axum::{
    ApiRouter,
    routing::{get, post},
};
use interstate_eventing::{
    projection::ReadPosition,
    runtime::{Clock, Commands},
};
use interstate_http::Streams;
use std::sync::Arc;

/// What the handlers work with.
#[derive(Clone)]
pub struct Edge {
    /// Places, roads and live positions.
    pub location: Location,
    /// The way into `location.fixes`.
    pub recorder: Arc<Recorder>,
    /// Who looks for milestones in fixes.
    pub milestones: MilestoneWatch,
    /// The trips that are driven now.
    pub trips: OpenTrips,
    /// How far they are.
    pub position: ReadPosition,
    /// The way to the aggregates.
    pub commands: Commands,
    /// Who drives whom.
    pub bookings: Arc<dyn BookedTrips>,
    /// Log time.
    pub clock: Arc<dyn Clock>,
    /// Live streams.
    pub streams: Streams,
}

/// All routes.
pub fn router(edge: Edge) -> ApiRouter {
    ApiRouter::new()
        .api_route("/v1/cities", get(places::cities))
        .api_route("/v1/cities/nearest", get(places::nearest_city))
        .api_route("/v1/states/at", get(places::state_at))
        .api_route("/v1/routes", post(routes::find))
        .api_route("/v1/fixes", post(fixes::report))
        .api_route(
            "/v1/trips/{booking}/tracking",
            post(tracking::open).get(tracking::one),
        )
        .api_route("/v1/trips/{booking}/tracking/close", post(tracking::close))
        .api_route("/v1/trips/{booking}/position", get(position::one))
        .api_route("/v1/trips/{booking}/position/stream", get(position::stream))
        // Shared: it is passed on several times a request.
        .with_state(Arc::new(edge))
}
