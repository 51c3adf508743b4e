//! Where drivers are seen now, by all instances of location.

mod index;
mod memory;
mod redis;

pub use index::{FARTHEST_M, LiveIndex, NearDriver, STALE_AFTER};
pub use memory::MemoryPositions;
pub(crate) use redis::RedisPositions;

use async_trait::async_trait;
use interstate_schemas::{DriverId, GeoPoint, SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// For so long it is known where somebody was who is not seen any more: as long as devices keep their fixes.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Where a driver was seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sighting {
    /// The position.
    pub point: GeoPoint,
    /// When it was taken.
    pub at: Timestamp,
    /// Radius in metres that the true position lies in with 68 %.
    pub accuracy_m: f32,
    /// Metres a second, where the device knows it.
    pub speed_mps: Option<f32>,
    /// Direction of travel in degrees from north, clockwise.
    pub bearing_deg: Option<f32>,
}

/// Around which point somebody looks for drivers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Around {
    /// The point.
    pub point: GeoPoint,
    /// How far away they may be, in metres as the crow flies; never more than [`FARTHEST_M`].
    pub radius_m: u32,
    /// At most so many.
    pub limit: usize,
}

/// Knows where drivers are. Times are log time. Nothing fails: where the server is away, the answer is what this
/// process has seen itself.
#[async_trait]
pub trait LivePositions: Send + Sync {
    /// Takes up where a driver was seen, and tells the other instances. An older sighting than the one known changes
    /// nothing. Does not wait.
    fn saw(&self, driver: DriverId, sighting: Sighting, now: Timestamp);

    /// Where these drivers were seen last, however long ago. Who never was is left out.
    async fn last(&self, drivers: &[DriverId]) -> Vec<(DriverId, Sighting)>;

    /// Drivers who were seen in the last ten minutes; the nearest first, and by id where equally near.
    async fn nearest(&self, around: Around, now: Timestamp) -> Vec<NearDriver>;

    /// Follows a driver: the last sighting, and each that comes, whichever instance takes it up. A slow reader misses
    /// those in between.
    fn watch(&self, driver: DriverId, now: Timestamp) -> watch::Receiver<Option<Sighting>>;
}
