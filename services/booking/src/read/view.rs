//! What is kept as it is shown: quotes whole, and of bookings their money, their saga and their story.

use crate::domain::{
    booking::Plan,
    fare::FareBreakdown,
    quote::{Issue, Quoted},
    tariff::TariffVersion,
};
use interstate_schemas::{BookingId, Money, QuoteId, Timestamp, TripKind, TripRoute, VehicleClass};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A quote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuoteView {
    /// The quote.
    pub quote: QuoteId,
    /// The shape of the trip.
    pub kind: TripKind,
    /// The class of vehicle.
    pub class: VehicleClass,
    /// People.
    pub passengers: u8,
    /// Large bags.
    pub bags: u8,
    /// When it starts.
    pub pickup_at: Timestamp,
    /// When it should be over.
    pub ends_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// The way, and how good the model behind it is.
    pub route: TripRoute,
    /// The price rules.
    pub tariff: TariffVersion,
    /// The price, line by line.
    pub fare: FareBreakdown,
    /// The booking that it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking: Option<BookingId>,
}

impl QuoteView {
    pub(crate) fn of(issue: Issue, quoted: Quoted) -> Self {
        Self {
            quote: issue.quote,
            kind: issue.kind,
            class: issue.class,
            passengers: issue.passengers,
            bags: issue.bags,
            pickup_at: issue.pickup_at,
            ends_at: quoted.ends_at,
            expires_at: quoted.expires_at,
            route: issue.route,
            tariff: issue.tariff,
            fare: quoted.fare,
            booking: None,
        }
    }
}

/// The money of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MoneyView {
    /// The price: the quote's, after the trip the invoice's.
    pub payable: Money,
    /// What is paid in advance.
    pub advance: Money,
    /// What of it is held, and not taken yet.
    pub held: Money,
    /// What of it is taken.
    pub captured: Money,
    /// What is left to pay after the trip.
    pub balance: Money,
    /// The fee of a cancellation.
    pub fee: Money,
    /// What goes back.
    pub refund: Money,
}

/// The saga that carries a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SagaView {
    /// Which one.
    pub plan: Plan,
    /// `idle` before the first, then `running`, `unwinding`, `completed` or `unwound`; `stalled` where giving back does not
    /// succeed and is tried again.
    pub phase: String,
    /// The step that was moved last.
    pub step: String,
    /// Whether a person is called for, because a step does not succeed.
    pub support_case: bool,
}

/// One event of the story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoryEntry {
    /// The event.
    pub event: String,
    /// Its type, `booking.confirmed.v1`.
    pub what: String,
    /// When.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: String,
    /// The command that it was decided on.
    pub causation: String,
    /// The first command of the story.
    pub correlation: String,
    /// What the event says, without routes and payment tokens.
    pub detail: serde_json::Value,
}
