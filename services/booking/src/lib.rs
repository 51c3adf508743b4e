//! The booking service: quotes, bookings and the saga that carries a booking to its invoice.

pub mod domain;
