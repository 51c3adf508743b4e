//! The read model `booking-history`: quotes, bookings and their stories, derived from events only.
//!
//! What an event says of a booking is the same for every store: [`columns`] and [`trip`]. How it is kept, and how it is
//! asked, is each store's own.

mod columns;
mod history;
pub mod mongo;
mod quoted;
mod row;
pub mod sqlite;
mod story;
mod trip;
mod view;

pub use history::{After, BookingHistory, Bookings, Filter, HistoryError, Whose};
pub use mongo::{BookingDocuments, MongoBookings};
pub use row::{BookingRow, QuoteRow};
pub use sqlite::{BookingProjection, SqliteBookings};
pub use view::{MoneyView, QuoteView, SagaView, StoryEntry};
