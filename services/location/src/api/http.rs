//! The routes, and what their handlers share.

use super::{assigned::AssignedDrivers, fixes, nearby, places, position, routes, tracking};
use crate::{Location, effects::MilestoneWatch, read::OpenTrips, telemetry::Recorder};
use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
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
    /// Who drives whom now.
    pub assigned: Arc<AssignedDrivers>,
    /// Log time.
    pub clock: Arc<dyn Clock>,
    /// Live streams.
    pub streams: Streams,
}

/// All routes.
pub fn router(edge: Edge) -> ApiRouter {
    ApiRouter::new()
        .api_route(
            "/v1/cities",
            get_with(places::cities, |op| op.summary("Cities whose name begins so")),
        )
        .api_route(
            "/v1/cities/nearest",
            get_with(places::nearest_city, |op| {
                op.summary("The city nearest to a point")
            }),
        )
        .api_route(
            "/v1/states/at",
            get_with(places::state_at, |op| op.summary("The state that a point is in")),
        )
        .api_route(
            "/v1/routes",
            post_with(routes::find, |op| {
                op.summary("The approximate road route through some stops")
            }),
        )
        .api_route(
            "/v1/fixes",
            post_with(fixes::report, |op| {
                op.summary("Tell where a driver's device has been").description(
                    "Answers once the fixes are durable. Numbers of the device make a repeat harmless.",
                )
            }),
        )
        .api_route(
            "/v1/positions/nearest",
            get_with(nearby::nearest, |op| {
                op.summary("The drivers nearest to a point, for the operator's staff")
            }),
        )
        .api_route(
            "/v1/trips/{booking}/tracking",
            post_with(tracking::open, |op| op.summary("Track a trip from here on"))
                .get_with(tracking::one, |op| op.summary("What a trip has come by so far")),
        )
        .api_route(
            "/v1/trips/{booking}/tracking/close",
            post_with(tracking::close, |op| op.summary("Stop tracking a trip")),
        )
        .api_route(
            "/v1/trips/{booking}/position",
            get_with(position::one, |op| op.summary("Where the vehicle of a trip is")),
        )
        .api_route(
            "/v1/trips/{booking}/position/stream",
            get_with(position::stream, |op| {
                op.summary("Where the vehicle of a trip is, as it moves")
                    .description(
                        "Server-sent events of the kind `position`, from now until the trip is closed, or its \
                         booking has ended, was cancelled or has another driver. Bookings are asked every 10 \
                         seconds; where they have not answered for 2 minutes, the stream ends too.",
                    )
            }),
        )
        // Shared: it is passed on several times a request.
        .with_state(Arc::new(edge))
}
