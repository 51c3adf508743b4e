//! What this service asks of others while somebody waits. The platform wires it.

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

/// Knows where drivers are. Telemetry: a driver whom it does not know may still drive tomorrow.
pub trait LiveFixes: Send + Sync + 'static {
    /// At most `limit` drivers who were seen lately within `radius` metres of a point, the nearest first.
    fn nearest(&self, point: GeoPoint, radius: u32, limit: usize, now: Timestamp) -> Vec<LiveFix>;

    /// Where a driver was seen last, however long ago.
    fn last(&self, driver: DriverId) -> Option<LiveFix>;
}

/// Nobody is ever seen: for a deployment without telemetry, and for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFixes;

impl LiveFixes for NoFixes {
    fn nearest(&self, _: GeoPoint, _: u32, _: usize, _: Timestamp) -> Vec<LiveFix> {
        Vec::new()
    }

    fn last(&self, _: DriverId) -> Option<LiveFix> {
        None
    }
}
