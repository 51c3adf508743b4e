//! Where the driver of a trip is, once and live.

use super::{assigned::ASKED_EVERY, code::codes, http::Edge, tracking::TripPath};
use axum::extract::State;
use futures::stream;
use interstate_auth::Caller;
use interstate_eventing::{projection::Watch, runtime::MachineClock};
use interstate_http::{ConsistencyToken, EventStream, Json, LiveEvent, Path, Problem};
use interstate_live::positions::Sighting;
use interstate_schemas::{BookingId, DriverId, SignedDuration};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::watch;

/// Where the driver of a trip was seen last.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct PositionView {
    /// The booking.
    pub booking: BookingId,
    /// The sighting.
    #[serde(flatten)]
    pub seen: Sighting,
    /// How old it is, in seconds.
    pub age_seconds: u64,
}

/// `GET /v1/trips/{booking}/position`.
pub(super) async fn one(
    State(edge): State<Arc<Edge>>,
    caller: Caller,
    seen: ConsistencyToken,
    Path(TripPath { booking }): Path<TripPath>,
) -> Result<Json<PositionView>, Problem> {
    edge.catch_up(&seen, booking).await?;
    let open = edge.visible(booking, &caller).await?;
    let driver = DriverId::from(open.trip.driver);
    let sighting = edge.location.last_sighting(driver).await;
    let sighting = sighting
        .ok_or_else(|| Problem::new(&codes::POSITION_UNKNOWN, "The driver has not been seen yet."))?;
    Ok(Json(edge.view(booking, sighting)))
}

/// `GET /v1/trips/{booking}/position/stream`: the position now and each that comes, until the trip is closed, or
/// goes to another driver, or booking says that it is over. A slow reader misses positions in between, never the
/// last one.
pub(super) async fn stream(
    State(edge): State<Arc<Edge>>,
    caller: Caller,
    seen: ConsistencyToken,
    Path(TripPath { booking }): Path<TripPath>,
) -> Result<EventStream, Problem> {
    edge.catch_up(&seen, booking).await?;
    let open = edge.visible(booking, &caller).await?;
    let driver = DriverId::from(open.trip.driver);
    let mut sightings = edge.location.live().watch(driver, edge.clock.now());
    // What is known already comes first.
    sightings.mark_changed();
    let watching = Watching {
        trip: edge.trips.watch(booking),
        sightings,
        driver,
    };
    let streams = edge.streams.clone();
    let viewer = caller.viewer(MachineClock::machine_now());
    streams.open(
        viewer,
        stream::unfold(watching, move |mut watching| {
            let edge = edge.clone();
            async move {
                let sighting = watching.next(&edge, booking, &caller).await?;
                let event = LiveEvent {
                    kind: "position",
                    id: None,
                    data: edge.view(booking, sighting),
                };
                Some((event, watching))
            }
        }),
    )
}

struct Watching {
    trip: Watch<BookingId>,
    sightings: watch::Receiver<Option<Sighting>>,
    driver: DriverId,
}

impl Watching {
    /// The next sighting; nothing when the caller may see no more.
    async fn next(&mut self, edge: &Edge, booking: BookingId, caller: &Caller) -> Option<Sighting> {
        loop {
            let moved = tokio::select! {
                changed = self.sightings.changed() => {
                    changed.ok()?;
                    true
                }
                _ = self.trip.changed() => false,
                // A booking that ends is not heard of here, and its driver may stand still.
                () = edge.clock.sleep(ASKED_EVERY) => false,
            };
            let open = edge.visible(booking, caller).await.ok()?;
            if DriverId::from(open.trip.driver) != self.driver {
                return None;
            }
            if moved && let Some(sighting) = *self.sightings.borrow_and_update() {
                return Some(sighting);
            }
        }
    }
}

impl Edge {
    fn view(&self, booking: BookingId, seen: Sighting) -> PositionView {
        let age = self.clock.now().duration_since(seen.at).max(SignedDuration::ZERO);
        PositionView {
            booking,
            seen,
            age_seconds: age.as_secs().unsigned_abs(),
        }
    }
}
