//! What this service asks, where location runs in other processes.

use crate::ports::{FixesUnavailable, LiveFix, LiveFixes};
use async_trait::async_trait;
use interstate_grpc::{Asking, Client};
use interstate_proto::{
    Malformed,
    location::{LastSeenRequest, NearestDriversRequest, Sightings, location_client::LocationClient},
};
use interstate_schemas::{DriverId, GeoPoint, Timestamp};

/// A rider waits for a search's first round; both are cheap to answer.
const NEAREST: Asking = Asking::of("NearestDrivers").hedged(0.99);
const LAST_SEEN: Asking = Asking::of("LastSeen").hedged(0.99);

/// Location over gRPC.
#[derive(Debug, Clone)]
pub struct RemoteFixes(Client);

impl RemoteFixes {
    /// Asks its instances by this client.
    pub fn new(client: Client) -> Self {
        Self(client)
    }
}

#[async_trait]
impl LiveFixes for RemoteFixes {
    async fn nearest(
        &self,
        point: GeoPoint,
        radius: u32,
        limit: usize,
        // Location has the same log time.
        _: Timestamp,
    ) -> Result<Vec<LiveFix>, FixesUnavailable> {
        let question = NearestDriversRequest {
            point: Some(point.into()),
            radius_metres: radius,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
        };
        let call = |via| async move { LocationClient::new(via).nearest_drivers(question).await };
        fixes(self.0.ask(NEAREST, call).await)
    }

    async fn last(&self, drivers: &[DriverId]) -> Result<Vec<LiveFix>, FixesUnavailable> {
        let drivers: Vec<String> = drivers.iter().map(ToString::to_string).collect();
        let call = |via| {
            let drivers = drivers.clone();
            async move {
                LocationClient::new(via)
                    .last_seen(LastSeenRequest { drivers })
                    .await
            }
        };
        fixes(self.0.ask(LAST_SEEN, call).await)
    }
}

fn fixes(answer: Result<Sightings, tonic::Status>) -> Result<Vec<LiveFix>, FixesUnavailable> {
    let answer = answer.map_err(|status| FixesUnavailable(status.message().to_owned()))?;
    let all = answer.sightings.into_iter().map(|seen| {
        Ok(LiveFix {
            driver: seen
                .driver
                .parse()
                .map_err(|error| Malformed::wrong("driver", error))?,
            point: seen.point.ok_or(Malformed::missing("point"))?.try_into()?,
            at: Timestamp::from_nanosecond(seen.at_ns.into())
                .map_err(|error| Malformed::wrong("moment", error))?,
        })
    });
    all.collect::<Result<_, Malformed>>()
        .map_err(|error| FixesUnavailable(error.to_string()))
}
