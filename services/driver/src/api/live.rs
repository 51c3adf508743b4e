//! A driver's offers as they come and go.

use super::{http::Edge, offers::Offers};
use axum::extract::State;
use futures::stream;
use interstate_auth::Caller;
use interstate_http::{EventStream, LiveEvent, Problem};
use interstate_schemas::DriverId;
use std::time::Duration;
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Looked at this often even when nobody says that something changed: another process may write it.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// A change is announced shortly before its transaction is visible.
const COMMITTING: Duration = Duration::from_millis(10);

/// `GET /v1/drivers/me/offers/stream`: the open offers now, and all of them again after each change. A slow
/// reader misses states in between, never the last one.
pub(super) async fn stream(State(edge): State<Edge>, caller: Caller) -> Result<EventStream, Problem> {
    let driver = DriverId::from(caller.user);
    let streams = edge.streams.clone();
    let changes = edge.dispatches.changes();
    streams.open(stream::unfold((None, changes), move |(shown, mut changes)| {
        let edge = edge.clone();
        async move {
            loop {
                let offers = edge.dispatches.offers(driver).await.ok()?;
                if shown.as_ref() != Some(&offers) {
                    let data = Offers {
                        offers: offers.clone(),
                    };
                    return Some((
                        LiveEvent {
                            kind: "offers",
                            id: None,
                            data,
                        },
                        (Some(offers), changes),
                    ));
                }
                changed(&edge, &mut changes, driver).await;
            }
        }
    }))
}

/// Waits until this driver's offers may have changed.
async fn changed(edge: &Edge, changes: &mut Receiver<DriverId>, driver: DriverId) {
    let announced = async {
        loop {
            match changes.recv().await {
                Ok(changed) if changed != driver => {}
                Ok(_) | Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
        edge.clock.sleep(COMMITTING).await;
    };
    tokio::select! {
        () = announced => {}
        () = edge.clock.sleep(LOOK_AGAIN) => {}
    }
}
