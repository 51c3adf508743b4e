//! What happens to a quote.

use crate::domain::{
    fare::{FareBreakdown, FareError, FareInput, price},
    tariff::TariffVersion,
};
use interstate_eventing::events;
use interstate_schemas::{BookingId, PaymentMethod, QuoteId, Timestamp, TripRoute, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A price was offered. Holds everything that it follows from: [`QuoteIssued::recomputed`] gives the same fare
/// from this event alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuoteIssued {
    /// The quote.
    pub quote: QuoteId,
    /// For whom.
    pub rider: UserId,
    /// People.
    pub passengers: u8,
    /// Large bags.
    pub bags: u8,
    /// When the trip starts.
    pub pickup_at: Timestamp,
    /// When it should be over.
    pub ends_at: Timestamp,
    /// The way, as the location service answered it.
    pub route: TripRoute,
    /// The price rules.
    pub tariff: TariffVersion,
    /// What the price depends on.
    pub input: FareInput,
    /// The price, line by line.
    pub fare: FareBreakdown,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

impl QuoteIssued {
    /// The fare computed again from nothing but this event and the tariff version that it names.
    ///
    /// # Errors
    /// The [`FareError`] of the formula; nothing where this release does not know the version.
    pub fn recomputed(&self) -> Option<Result<FareBreakdown, FareError>> {
        crate::domain::catalogue::tariff(&self.tariff).map(|tariff| price(tariff, &self.input))
    }
}

/// The rider took the offer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuoteAccepted {
    /// The quote.
    pub quote: QuoteId,
    /// The booking that it became.
    pub booking: BookingId,
    /// The rider.
    pub rider: UserId,
    /// How the advance is paid.
    pub method: PaymentMethod,
}

/// Nobody took it in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuoteExpired {
    /// The quote.
    pub quote: QuoteId,
}

events! {
    /// What happens to a quote.
    pub enum QuoteEvent {
        /// A price was offered.
        Issued(Box<QuoteIssued>) = "quote.issued.v1",
        /// The rider took it.
        Accepted(QuoteAccepted) = "quote.accepted.v1",
        /// Nobody took it in time.
        Expired(QuoteExpired) = "quote.expired.v1",
    }
}
