//! A driver's offers as they come and go.

use super::{http::Edge, offers::Offers};
use axum::extract::State;
use futures::stream;
use interstate_auth::Caller;
use interstate_http::{EventStream, LiveEvent, Problem};
use interstate_schemas::DriverId;
use std::time::Duration;

/// Looked at this often even when nobody says that something changed: a rebuild may have mended it.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// `GET /v1/drivers/me/offers/stream`: the open offers now, and all of them again after each change. A slow
/// reader misses states in between, never the last one.
pub(super) async fn stream(State(edge): State<Edge>, caller: Caller) -> Result<EventStream, Problem> {
    let driver = DriverId::from(caller.user);
    let streams = edge.streams.clone();
    let changes = edge.dispatches.watch(driver);
    streams.open(stream::unfold((None, changes), move |(shown, mut changes)| {
        let edge = edge.clone();
        async move {
            let mut known = None;
            loop {
                let offers = match known.take() {
                    Some(offers) => offers,
                    None => edge.dispatches.offers(driver).await.ok()?,
                };
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
                tokio::select! {
                    offers = changes.changed() => known = offers,
                    () = edge.clock.sleep(LOOK_AGAIN) => {}
                }
            }
        }
    }))
}
