//! The driver service in this process.

use super::{Base, StartError, location::Location};
use interstate_auth::UniqueValues;
use interstate_driver::{
    Parts,
    api::{CODES, ROWS, router},
    assemble,
    ports::{LiveFix, LiveFixes},
};
use interstate_http::Api;
use interstate_schemas::{DriverId, GeoPoint, Timestamp};
use std::sync::Arc;

pub async fn start(base: &Base, location: &Location) -> Result<Api, StartError> {
    let service = interstate_driver::service();
    let assembled = assemble(Parts {
        log: base.env.log.clone(),
        clock: base.env.clock.clone(),
        commands: base.commands.clone(),
        consumers: base.consumers.clone(),
        fixes: Arc::new(location.clone()),
        keys: base.keys.clone(),
        unique: UniqueValues::in_folder(&base.keys_dir, &mut rand::rng())?,
        streams: base.streams.clone(),
        folder: base.data_dir.clone(),
        partitions: service.partition_count(),
    })
    .await
    .map_err(|error| StartError::Service {
        service: "driver",
        why: error.to_string(),
    })?;
    base.rebuildable(assembled.dispatches, &service);
    for runner in assembled.runners {
        base.spawn(runner.run());
    }
    base.spawn(assembled.proposer.run());
    base.api(&service, router(assembled.edge), ROWS, CODES)
}

impl LiveFixes for Location {
    fn nearest(&self, point: GeoPoint, radius: u32, limit: usize, now: Timestamp) -> Vec<LiveFix> {
        let near = self.inner.nearest_drivers(point, radius, limit, now);
        near.into_iter()
            .map(|seen| LiveFix {
                driver: seen.driver,
                point: seen.point,
                at: seen.seen_at,
            })
            .collect()
    }

    fn last(&self, driver: DriverId) -> Option<LiveFix> {
        let seen = self.inner.positions().last(driver)?;
        Some(LiveFix {
            driver,
            point: seen.point,
            at: seen.at,
        })
    }
}
