//! A driver: who is admitted to drive, with which papers, and whether they take trips now.

mod aggregate;
mod command;
mod event;
mod papers;

pub use aggregate::{Driver, DriverStatus, MOST_VEHICLES};
pub use command::{DriverCommand, Profile};
pub use event::{
    DocumentAdded, DriverApproved, DriverEvent, DriverRegistered, DriverReinstated, DriverRejected,
    DriverSubmitted, DriverSuspended, OfflineReason, PapersReviewed, Reminder, VehicleLinked, WentOffline,
    WentOnline,
};

#[cfg(test)]
mod tests;
