//! What a booking's first row says of its trip, read from an order or from a quote: both hold far more, and reading
//! all of it costs more than writing the row.

use super::{
    columns::{Columns, Value},
    row::word,
};
use crate::domain::booking::Stage;
use interstate_schemas::{Money, QuoteId, Timestamp, TripKind, UserId, VehicleClass};
use serde::Deserialize;

/// The members of a quote's view that a row shows.
#[derive(Debug, Deserialize)]
pub(super) struct Trip {
    quote: QuoteId,
    pickup_at: Timestamp,
    ends_at: Timestamp,
    route: Route,
    fare: Fare,
}

#[derive(Debug, Deserialize)]
struct Route {
    stops: Vec<Stop>,
}

#[derive(Debug, Deserialize)]
struct Stop {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Fare {
    kind: TripKind,
    class: VehicleClass,
    payable: Money,
    advance: Money,
    balance: Money,
}

impl Trip {
    /// The first row of its booking.
    pub fn columns(self, rider: UserId, at: Timestamp, version: u64) -> Columns {
        let mut stops = self.route.stops.into_iter().map(|stop| stop.name);
        let origin = stops.next().unwrap_or_default();
        let destination = stops.next_back().unwrap_or_else(|| origin.clone());
        let at = Value::Time(at);
        vec![
            ("quote", Value::Text(self.quote.to_string())),
            ("rider", Value::Text(rider.to_string())),
            ("stage", Value::Text(word(Stage::PendingPayment))),
            ("kind", Value::Text(word(self.fare.kind))),
            ("class", Value::Text(word(self.fare.class))),
            ("origin", Value::Text(origin)),
            ("destination", Value::Text(destination)),
            ("pickup_at", Value::Time(self.pickup_at)),
            ("ends_at", Value::Time(self.ends_at)),
            ("payable", Value::Number(self.fare.payable.amount)),
            ("advance", Value::Number(self.fare.advance.amount)),
            ("balance", Value::Number(self.fare.balance.amount)),
            ("booked_at", at.clone()),
            ("updated_at", at),
            ("version", Value::Number(version.cast_signed())),
        ]
    }
}

/// A booking's first event.
#[derive(Debug, Deserialize)]
pub(super) struct Ordered {
    order: Order,
}

/// An order says whose it is too.
#[derive(Debug, Deserialize)]
struct Order {
    rider: UserId,
    quote: QuoteId,
    pickup_at: Timestamp,
    ends_at: Timestamp,
    route: Route,
    fare: Fare,
}

impl Ordered {
    /// The type of the event, of which no other version was ever written.
    pub const TYPE: &str = "booking.requested.v1";

    /// The first row of the booking.
    pub fn columns(self, at: Timestamp, version: u64) -> Columns {
        let Order {
            rider,
            quote,
            pickup_at,
            ends_at,
            route,
            fare,
        } = self.order;
        let trip = Trip {
            quote,
            pickup_at,
            ends_at,
            route,
            fare,
        };
        trip.columns(rider, at, version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::booking::BookingEvent;
    use interstate_eventing::DomainEvent;

    #[test]
    fn the_first_event_of_a_booking_has_this_type() {
        let first = BookingEvent::TYPES
            .iter()
            .find(|name| name.contains(".requested."));
        assert_eq!(first, Some(&Ordered::TYPE));
    }
}
