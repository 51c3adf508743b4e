//! A quote as its rider is shown it, from the JSON of its event. The way and the price are large, and stand in both
//! as they are: they are copied, not read.

use interstate_eventing::DecodeError;
use interstate_schemas::{QuoteId, Timestamp, TripKind, UserId, VehicleClass};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A quote's first event.
#[derive(Debug, Deserialize)]
pub(super) struct Issued<'a> {
    pub quote: QuoteId,
    pub rider: UserId,
    passengers: u8,
    bags: u8,
    pickup_at: Timestamp,
    ends_at: Timestamp,
    #[serde(borrow)]
    route: &'a RawValue,
    tariff: &'a RawValue,
    input: Shape,
    fare: &'a RawValue,
    pub expires_at: Timestamp,
}

#[derive(Debug, Deserialize)]
struct Shape {
    kind: TripKind,
    class: VehicleClass,
}

/// A [`QuoteView`](super::QuoteView).
#[derive(Serialize)]
struct View<'a> {
    quote: QuoteId,
    kind: TripKind,
    class: VehicleClass,
    passengers: u8,
    bags: u8,
    pickup_at: Timestamp,
    ends_at: Timestamp,
    expires_at: Timestamp,
    route: &'a RawValue,
    tariff: &'a RawValue,
    fare: &'a RawValue,
}

impl<'a> Issued<'a> {
    /// The type of the event, of which no other version was ever written.
    pub const TYPE: &'static str = "quote.issued.v1";

    /// Reads the event.
    pub fn read(payload: &'a [u8]) -> Result<Self, DecodeError> {
        serde_json::from_slice(payload).map_err(|error| DecodeError::Malformed {
            kind: Self::TYPE.to_owned(),
            why: error.to_string(),
        })
    }

    /// The quote as its rider is shown it, as JSON.
    pub fn shown(&self) -> String {
        serde_json::to_string(&self.view()).expect("a view is made of texts, numbers and JSON")
    }

    fn view(&self) -> View<'a> {
        View {
            quote: self.quote,
            kind: self.input.kind,
            class: self.input.class,
            passengers: self.passengers,
            bags: self.bags,
            pickup_at: self.pickup_at,
            ends_at: self.ends_at,
            expires_at: self.expires_at,
            route: self.route,
            tariff: self.tariff,
            fare: self.fare,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::quote::{
            Quote, QuoteCommand, QuoteEvent,
            tests::{MORNING, V1_PICKUP, as_rider, issue, quote},
        },
        read::QuoteView,
    };
    use interstate_eventing::{DomainEvent, fixture::given};

    #[test]
    fn a_quote_is_shown_as_it_was_issued() {
        let issued = given::<Quote>(quote())
            .at(MORNING)
            .when(as_rider(), QuoteCommand::Issue(Box::new(issue(V1_PICKUP))));
        let event = &issued.decided().events[0];
        assert_eq!(event.event_type(), Issued::TYPE);
        let payload = event.encode();
        let view = Issued::read(&payload).unwrap().shown();
        let QuoteEvent::Issued(issued) = event.clone() else {
            panic!("a quote begins with another event: {event:?}")
        };
        let expected = QuoteView {
            quote: issued.quote,
            kind: issued.input.kind,
            class: issued.input.class,
            passengers: issued.passengers,
            bags: issued.bags,
            pickup_at: issued.pickup_at,
            ends_at: issued.ends_at,
            expires_at: issued.expires_at,
            route: issued.route,
            tariff: issued.tariff,
            fare: issued.fare,
            booking: None,
        };
        assert_eq!(view, serde_json::to_string(&expected).unwrap());
    }
}
