//! Opening and closing the tracking of a trip.

use super::{code::codes, http::Edge};
use crate::domain::tracking::{Milestone, OpenTrip, TrackingCommand, TripOpened};
use axum::extract::State;
use interstate_auth::Caller;
use interstate_http::{Answer, ConsistencyToken, IdempotencyKey, Json, Path, Problem, RequestContext};
use interstate_schemas::{BookingId, StateCode, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which trip.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(super) struct TripPath {
    /// The booking.
    pub(super) booking: BookingId,
}

/// A trip that is driven now.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TrackingView {
    /// The booking.
    pub booking: BookingId,
    /// When it should be over.
    pub ends_at: Timestamp,
    /// Whether the driver has been at the pickup.
    pub arrived: bool,
    /// Whether the driver has left the pickup.
    pub departed: bool,
    /// Whether the end is near.
    pub near_drop: bool,
    /// The state that the last border led into; nothing before the first border.
    pub state: Option<StateCode>,
    /// How many toll plazas have been passed.
    pub toll_gates: u32,
}

impl From<&OpenTrip> for TrackingView {
    fn from(open: &OpenTrip) -> Self {
        Self {
            booking: open.trip.booking,
            ends_at: open.trip.ends_at,
            arrived: open.once.contains(&Milestone::ArrivedAtPickup),
            departed: open.once.contains(&Milestone::Departed),
            near_drop: open.once.contains(&Milestone::NearDrop),
            state: open.state,
            toll_gates: u32::try_from(open.gates.len()).unwrap_or(u32::MAX),
        }
    }
}

/// `POST /v1/trips/{booking}/tracking`: its driver sets out; from now on the rider sees the driver. Who drives
/// whom is booking's word, not the caller's.
pub(super) async fn open(
    State(edge): State<Arc<Edge>>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Path(TripPath { booking }): Path<TripPath>,
) -> Result<Answer<()>, Problem> {
    let booked = edge.assigned.ask(booking).await;
    let booked = booked
        .map_err(|error| Problem::away(format!("{booking}: {error}"), "Bookings cannot be asked now."))?;
    let booked = booked
        .filter(|booked| booked.driver == caller.user)
        .ok_or_else(|| {
            Problem::new(
                &codes::TRIP_NOT_YOURS,
                "No such booking is assigned to you, or it is over.",
            )
        })?;
    let command = TrackingCommand::Open(Box::new(TripOpened {
        booking,
        rider: booked.rider,
        driver: booked.driver,
        pickup: booked.pickup,
        drop: booked.drop,
        ends_at: booked.ends_at,
    }));
    let token = edge
        .ask(booking, &command, &caller, &context, ("open-tracking", &key))
        .await?;
    Ok(Answer::new(()).token(token))
}

/// `POST /v1/trips/{booking}/tracking/close`: nobody follows the driver any more, until whoever is assigned to the
/// booking sets out again.
pub(super) async fn close(
    State(edge): State<Arc<Edge>>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Path(TripPath { booking }): Path<TripPath>,
) -> Result<Answer<()>, Problem> {
    let token = edge
        .ask(
            booking,
            &TrackingCommand::Close,
            &caller,
            &context,
            ("close-tracking", &key),
        )
        .await?;
    Ok(Answer::new(()).token(token))
}

/// `GET /v1/trips/{booking}/tracking`: what has been reached.
pub(super) async fn one(
    State(edge): State<Arc<Edge>>,
    caller: Caller,
    seen: ConsistencyToken,
    Path(TripPath { booking }): Path<TripPath>,
) -> Result<Json<TrackingView>, Problem> {
    edge.catch_up(&seen, booking).await?;
    let open = edge.visible(booking, &caller).await?;
    Ok(Json(TrackingView::from(&open)))
}
