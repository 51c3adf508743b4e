//! The HTTP API of quotes and bookings.

pub mod http;

mod ask;
mod bookings;
mod code;
mod grpc;
mod live;
mod policy;
mod quotes;
mod start_code;
mod trips;
mod view;

pub use code::{CODES, codes};
pub use grpc::{AssignedTrip, CALLERS, assigned_trip, questions};
pub use http::{Edge, router};
pub use policy::ROWS;
pub use start_code::StartCodes;
pub use view::{AcceptQuote, AskForQuote, AssignedDriver, BookingView, StartTrip, StoryView, Withdraw};
