//! A booking's states as they come.

use super::{
    bookings::{BookingPath, takes_part},
    http::Edge,
};
use crate::domain::booking::Stage;
use axum::extract::State;
use futures::stream;
use interstate_auth::Caller;
use interstate_http::{ConsistencyToken, EventStream, LiveEvent, Path, Problem};
use std::time::Duration;

/// A row is looked at this often even when nobody says that it changed: a rebuild may have mended it.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

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
    let changes = edge.history.watch(booking);
    streams.open(stream::unfold(Some((0, changes, None)), move |state| {
        let edge = edge.clone();
        async move {
            let (shown, mut changes, mut known) = state?;
            loop {
                let row = match known.take() {
                    Some(row) => row,
                    None => edge.visible(booking, &caller).await.ok()?,
                };
                // Who loses the booking (a driver who released it) sees no more of it.
                if !takes_part(&row, &caller) {
                    return None;
                }
                if row.version > shown {
                    let next = (!is_over(row.stage)).then_some((row.version, changes, None));
                    let event = LiveEvent {
                        kind: "booking",
                        id: Some(row.version.to_string()),
                        data: edge.view(&row, &caller),
                    };
                    return Some((event, next));
                }
                tokio::select! {
                    row = changes.changed() => known = row,
                    () = edge.clock.sleep(LOOK_AGAIN) => {}
                }
            }
        }
    }))
}

fn is_over(stage: Stage) -> bool {
    matches!(
        stage,
        Stage::Closed | Stage::Lapsed | Stage::Unfulfilled | Stage::Cancelled
    )
}
