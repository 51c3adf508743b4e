//! The read model `booking-history`: quotes, bookings and their stories, derived from events only.

mod change;
mod columns;
mod history;
mod project;
mod quoted;
mod row;
mod schema;
mod story;
mod trip;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod together;

pub use history::{BookingHistory, Filter, HistoryError, Whose};
pub use project::BookingProjection;
pub use row::{BookingRow, QuoteRow};
