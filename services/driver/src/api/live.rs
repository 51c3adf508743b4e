//! A driver's offers as they come and go.

use super::{http::Edge, offers::Offers};
use axum::extract::State;
use futures::stream;
use interstate_auth::Caller;
use interstate_eventing::runtime::MachineClock;
use interstate_http::{EventStream, LiveEvent, Problem};
use interstate_schemas::DriverId;

/// `GET /v1/drivers/me/offers/stream`: the open offers now, and all of them again after each change. A slow
/// reader misses states in between, never the last one.
pub(super) async fn stream(State(edge): State<Edge>, caller: Caller) -> Result<EventStream, Problem> {
    let driver = DriverId::from(caller.user);
    let streams = edge.streams.clone();
    let viewer = caller.viewer(MachineClock::machine_now());
    let changes = edge.dispatches.watch(driver);
    streams.open(
        viewer,
        stream::unfold((None, changes), move |(shown, mut changes)| {
            let edge = edge.clone();
            async move {
                loop {
                    let look = || async { edge.dispatches.offers(driver).await.ok() };
                    let offers = changes.next_state(&*edge.clock, look).await?;
                    if shown.as_ref() != Some(&offers) {
                        let event = LiveEvent {
                            kind: "offers",
                            id: None,
                            data: Offers {
                                offers: offers.clone(),
                            },
                        };
                        return Some((event, (Some(offers), changes)));
                    }
                }
            }
        }),
    )
}
