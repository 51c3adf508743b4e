//! What this service asks of others while somebody waits. The platform wires it.

use async_trait::async_trait;
use interstate_schemas::{DriverId, GeoPoint, Timestamp};

/// Where a driver was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiveFix {
    /// Who.
    pub driver: DriverId,
    /// Where.
    pub point: GeoPoint,
    /// When.
    pub at: Timestamp,
}

/// Location does not answer. A search goes on without: it looks through everybody of the class.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("live positions cannot be asked now: {0}")]
pub struct FixesUnavailable(pub String);

/// Knows where drivers are. Telemetry: a driver whom it does not know may still drive tomorrow.
#[async_trait]
pub trait LiveFixes: Send + Sync + 'static {
    /// At most `limit` drivers who were seen lately within `radius` metres of a point, the nearest first.
    async fn nearest(
        &self,
        point: GeoPoint,
        radius: u32,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<LiveFix>, FixesUnavailable>;

    /// Where these drivers were seen last, however long ago. Who never was is left out.
    async fn last(&self, drivers: &[DriverId]) -> Result<Vec<LiveFix>, FixesUnavailable>;
}

/// Nobody is ever seen: for a deployment without telemetry, and for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFixes;

#[async_trait]
impl LiveFixes for NoFixes {
    async fn nearest(
        &self,
        _: GeoPoint,
        _: u32,
        _: usize,
        _: Timestamp,
    ) -> Result<Vec<LiveFix>, FixesUnavailable> {
        Ok(Vec::new())
    }

    async fn last(&self, _: &[DriverId]) -> Result<Vec<LiveFix>, FixesUnavailable> {
        Ok(Vec::new())
    }
}
