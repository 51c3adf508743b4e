//! A trip as it is seen on the road: opened by its driver, told by milestones, closed at its end.

mod aggregate;
mod command;
mod event;
mod observer;
#[cfg(test)]
mod tests;

pub use aggregate::{FORGOTTEN_AFTER, OpenTrip, SAME_GATE, TripTracking};
pub use command::TrackingCommand;
pub use event::{CloseReason, Milestone, MilestoneReached, TrackingEvent, TripClosed, TripOpened};
pub use observer::{ARRIVED_M, DEPARTED_M, Ground, NEAR_DROP_M, Observer};
