//! `booking-history` in a SQLite file: tables, how events change them, and what they are asked.

mod change;
mod project;
mod row;
mod rows;
mod schema;
mod story;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod together;

pub use project::BookingProjection;
pub use rows::SqliteBookings;
