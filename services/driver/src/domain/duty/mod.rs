//! When a driver and a vehicle are taken: the intervals, the calendar that keeps them apart, the hours that a
//! person may drive.

mod calendar;
mod entry;
pub mod hours;
mod interval;
mod plan;
mod tombstones;

#[cfg(test)]
mod calendar_properties;

pub use calendar::DutyCalendar;
pub use entry::{
    BlockReason, Claim, Clash, Duty, DutyState, Hold, Holder, Overlap, Refusal, Released, Reserved,
};
pub use hours::{DutyFit, HoursCheck, HoursPolicy};
pub use interval::{EmptyInterval, Interval};
pub use plan::{DutyPlan, Terrain, TravelPolicy};
pub use tombstones::{Tombstone, Tombstones};
