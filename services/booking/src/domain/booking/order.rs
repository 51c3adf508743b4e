//! What was booked: the quote, frozen.

use crate::domain::{
    fare::{FareBreakdown, FareInput},
    tariff::TariffVersion,
};
use interstate_schemas::{
    BookingId, PaymentId, PaymentMethod, QuoteId, SignedDuration, Timestamp, TripRoute, UserId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long before the pickup a booking counts as near: its driver is sought at once, and the advance is held
/// until one is found. Card holds lapse after about a week, so that a later trip's advance is captured.
const NEAR: SignedDuration = SignedDuration::from_hours(48);
/// Without a driver so long before the pickup, the booking is given up and the rider can still go another way.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(3);
/// A search lasts at least so long, also where the pickup is near.
const SHORTEST_SEARCH: SignedDuration = SignedDuration::from_mins(45);

/// The accepted quote. What it says about the trip never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Order {
    /// The booking.
    pub booking: BookingId,
    /// The quote that it comes from.
    pub quote: QuoteId,
    /// Who rides and pays.
    pub rider: UserId,
    /// People.
    pub passengers: u8,
    /// Large bags.
    pub bags: u8,
    /// The agreed pickup.
    pub pickup_at: Timestamp,
    /// When the trip should be over.
    pub ends_at: Timestamp,
    /// The way.
    pub route: TripRoute,
    /// The price rules, for everything that is priced later too.
    pub tariff: TariffVersion,
    /// What the quoted price depends on.
    pub input: FareInput,
    /// The quoted price.
    pub fare: FareBreakdown,
    /// How the advance is paid.
    pub method: PaymentMethod,
}

impl Order {
    /// The money side of the booking.
    pub fn payment(&self) -> PaymentId {
        PaymentId::from(self.booking)
    }

    /// Whether the pickup is within 48 hours.
    pub fn is_near(&self, now: Timestamp) -> bool {
        now >= self.search_opens_at()
    }

    /// T − 48 h: from then on a driver is sought.
    pub fn search_opens_at(&self) -> Timestamp {
        before(self.pickup_at, NEAR)
    }

    /// When a search that begins now gives up: T − 3 h, or 45 minutes from now where that is later.
    pub fn search_gives_up_at(&self, now: Timestamp) -> Timestamp {
        let shortest = now.saturating_add(SHORTEST_SEARCH).unwrap_or(Timestamp::MAX);
        before(self.pickup_at, GIVE_UP).max(shortest)
    }
}

fn before(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.saturating_sub(by).unwrap_or(Timestamp::MIN)
}
