//! A booking's states as they come.

use super::{bookings::BookingPath, http::Edge};
use crate::domain::booking::Stage;
use axum::extract::State;
use futures::stream;
use interstate_auth::Caller;
use interstate_http::{EventStream, LiveEvent, Path, Problem};
use interstate_schemas::BookingId;
use std::time::Duration;

/// A row is looked at this often even when nobody says that it changed: another process may write it.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// A change is announced shortly before its transaction is visible.
const COMMITTING: Duration = Duration::from_millis(10);

/// `GET /v1/bookings/{booking}/stream`: the booking now, and again after each change, to its end. A slow reader
/// misses states in between, never the last one.
pub(super) async fn stream(
    State(edge): State<Edge>,
    caller: Caller,
    Path(BookingPath { booking }): Path<BookingPath>,
) -> Result<EventStream, Problem> {
    edge.visible(booking, &caller).await?;
    let streams = edge.streams.clone();
    let changes = edge.history.changes();
    streams.open(stream::unfold(Some((0, changes)), move |state| {
        let edge = edge.clone();
        async move {
            let (shown, mut changes) = state?;
            loop {
                // Who loses the booking (a driver who released it) sees no more of it.
                let row = edge.visible(booking, &caller).await.ok()?;
                if row.version > shown {
                    let next = (!is_over(row.stage)).then_some((row.version, changes));
                    let event = LiveEvent {
                        kind: "booking",
                        id: Some(row.version.to_string()),
                        data: edge.view(&row, &caller),
                    };
                    return Some((event, next));
                }
                changed(&edge, &mut changes, booking).await;
            }
        }
    }))
}

/// Waits until this booking may have changed.
async fn changed(edge: &Edge, changes: &mut tokio::sync::broadcast::Receiver<BookingId>, booking: BookingId) {
    let announced = async {
        loop {
            match changes.recv().await {
                Ok(changed) if changed != booking => {}
                Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => break,
                Err(tokio::sync::broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
        edge.clock.sleep(COMMITTING).await;
    };
    tokio::select! {
        () = announced => {}
        () = edge.clock.sleep(LOOK_AGAIN) => {}
    }
}

fn is_over(stage: Stage) -> bool {
    matches!(
        stage,
        Stage::Closed | Stage::Lapsed | Stage::Unfulfilled | Stage::Cancelled
    )
}
