//! Fixes are telemetry, not decisions: they are judged, made durable in `location.fixes`, and change where a
//! driver is seen. Nothing here goes through an aggregate.

mod positions;
mod recorder;
mod replay;
mod wire;

pub use positions::Positions;
pub use recorder::{RecordError, Recorder};
pub use replay::{REPLAYED, replay};
pub use wire::{FixBatch, FixRow, PROTO};
