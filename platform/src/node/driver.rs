//! The driver service in this process.

use super::{Base, StartError, location::Location};
use async_trait::async_trait;
use interstate_auth::UniqueValues;
use interstate_driver::{
    Parts,
    api::{CODES, ROWS, router},
    assemble,
    ports::{FixesUnavailable, LiveFix, LiveFixes},
    read,
};
use interstate_http::Api;
use interstate_schemas::{DriverId, GeoPoint, Timestamp};
use std::sync::Arc;

pub async fn start(base: &Base, fixes: Arc<dyn LiveFixes>) -> Result<Api, StartError> {
    let service = interstate_driver::service();
    let dispatches = base
        .tables(service.name(), read::sqlite::open, read::postgres::open)
        .await?;
    let assembled = assemble(Parts {
        log: base.env.log.clone(),
        clock: base.env.clock.clone(),
        commands: base.commands.clone(),
        consumers: base.consumers.clone(),
        fixes,
        keys: base.keys.clone(),
        unique: UniqueValues::in_folder(&base.keys_dir, &mut rand::rng())?,
        streams: base.streams.clone(),
        dispatches,
        partitions: service.partition_count(),
    });
    base.rebuildable(assembled.dispatches, &service);
    for runner in assembled.runners {
        base.spawn(runner.run());
    }
    base.spawn(assembled.proposer.run());
    base.api(&service, router(assembled.edge), ROWS, CODES)
}

#[async_trait]
impl LiveFixes for Location {
    async fn nearest(
        &self,
        point: GeoPoint,
        radius: u32,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<LiveFix>, FixesUnavailable> {
        let near = self.inner.nearest_drivers(point, radius, limit, now).await;
        let fixes = near.into_iter().map(|seen| LiveFix {
            driver: seen.driver,
            point: seen.point,
            at: seen.seen_at,
        });
        Ok(fixes.collect())
    }

    async fn last(&self, drivers: &[DriverId]) -> Result<Vec<LiveFix>, FixesUnavailable> {
        let seen = self.inner.live().last(drivers).await.into_iter();
        let fixes = seen.map(|(driver, seen)| LiveFix {
            driver,
            point: seen.point,
            at: seen.at,
        });
        Ok(fixes.collect())
    }
}
