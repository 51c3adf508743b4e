//! The calendar of a driver or a vehicle as an aggregate: who has their time, and who asked too late.

mod aggregate;
mod event;
mod request;

#[cfg(test)]
mod tests;

pub use aggregate::Calendar;
pub use event::{
    CalendarEvent, CalendarReinstated, CalendarSuspended, DutyClosed, DutyReleased, DutyReserved,
    DutyStarted, HoldsExpired, TimeHeld,
};
pub use request::CalendarRequest;
