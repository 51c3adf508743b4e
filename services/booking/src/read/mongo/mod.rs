//! `booking-history` in MongoDB: one document a trip, from its quote to its end. The screens of a quote, of a booking,
//! of a story and of a list each show a part of it, and each event of the quote or of the booking changes this one
//! document.

mod document;
mod project;
mod query;
mod rows;

pub use project::BookingDocuments;
pub use query::{Query, queries};
pub use rows::MongoBookings;
