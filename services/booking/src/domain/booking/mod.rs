//! A booking: from the accepted quote to the paid invoice, with the sagas that carry it there.
//!
//! [`Booking`] is the one writer of its story: of two commands that exclude each other (cancel and start, say) the
//! one that it decides first wins, and the other gets the reason.

mod absent;
mod cancel;
mod command;
mod conclude;
mod decide;
mod event;
mod finish;
mod ladder;
mod order;
mod permission;
mod plan;
mod silence;
mod state;
mod travel;
mod unpaid;

#[cfg(test)]
mod story;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod unreliable;

pub use command::{BookingCommand, CancelBy, StartOutcome, TripRecord};
pub use event::*;
pub use ladder::Rung;
pub use order::Order;
pub use plan::{ADVANCE, ASSIGN, NEAR, Plan, REFUND, RELEASE};
pub use state::{Assignment, Booking, Stage};
