//! A quote: a frozen offer of a price for a route, good for half an hour.

mod aggregate;
mod event;
mod plan;
mod rules;

#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{AcceptedBooking, Issue, Quote, QuoteCommand, Quoted};
pub use event::{QuoteAccepted, QuoteEvent, QuoteExpired, QuoteIssued};
pub use rules::QuoteRules;
