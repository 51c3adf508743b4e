//! A booking's states as they come.

use super::{
    bookings::{BookingPath, takes_part},
    http::Edge,
};
use crate::domain::booking::Stage;
use axum::extract::State;
use futures::stream;
use interstate_auth::Caller;
use interstate_eventing::runtime::MachineClock;
use interstate_http::{ConsistencyToken, EventStream, LiveEvent, Path, Problem};

/// `GET /v1/bookings/{booking}/stream`: the booking now, and again after each change, to its end. A slow reader
/// misses states in between, never the last one.
pub(super) async fn stream(
    State(edge): State<Edge>,
    caller: Caller,
    seen: ConsistencyToken,
    Path(BookingPath { booking }): Path<BookingPath>,
) -> Result<EventStream, Problem> {
    edge.catch_up(&seen, Some(&booking.to_string())).await?;
    edge.visible(booking, &caller).await?;
    let streams = edge.streams.clone();
    let viewer = caller.viewer(MachineClock::machine_now());
    let changes = edge.history.watch(booking);
    streams.open(
        viewer,
        stream::unfold(Some((0, changes)), move |state| {
            let edge = edge.clone();
            async move {
                let (shown, mut changes) = state?;
                loop {
                    let look = || async { edge.visible(booking, &caller).await.ok() };
                    let row = changes.next_state(&*edge.clock, look).await?;
                    // Who loses the booking (a driver who released it) sees no more of it.
                    if !takes_part(&row, &caller) {
                        return None;
                    }
                    if row.version > shown {
                        let next = (!is_over(row.stage)).then_some((row.version, changes));
                        let event = LiveEvent {
                            kind: "booking",
                            id: Some(row.version.to_string()),
                            data: edge.view_with_name(&row, &caller).await,
                        };
                        return Some((event, next));
                    }
                }
            }
        }),
    )
}

fn is_over(stage: Stage) -> bool {
    matches!(
        stage,
        Stage::Closed | Stage::Lapsed | Stage::Unfulfilled | Stage::Cancelled
    )
}
