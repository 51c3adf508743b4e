//! What analytics reads of the events of others: of each, only the fields that facts are made of. What else an event
//! says, now or in a later version, is passed over.

use super::withdrawal::Cause;
use interstate_schemas::{BookingId, DriverId, GeoPoint, Money, QuoteId, Timestamp, TripKind, VehicleClass};
use serde::Deserialize;
use std::collections::BTreeMap;

/// `quote.issued.v1`, and the order of `booking.requested.v1`.
#[derive(Deserialize)]
pub(super) struct Order {
    pub quote: QuoteId,
    pub pickup_at: Timestamp,
    pub route: Route,
    pub tariff: String,
    pub input: Input,
    pub fare: Fare,
}

#[derive(Deserialize)]
pub(super) struct Route {
    pub stops: Vec<Stop>,
}

#[derive(Deserialize)]
pub(super) struct Stop {
    pub point: GeoPoint,
}

#[derive(Deserialize)]
pub(super) struct Input {
    pub class: VehicleClass,
    pub kind: TripKind,
}

#[derive(Deserialize)]
pub(super) struct Fare {
    pub lines: Vec<Line>,
    pub payable: Money,
    pub tax: Money,
}

#[derive(Deserialize)]
pub(super) struct Line {
    pub code: String,
    pub amount: Money,
}

/// `booking.requested.v1`
#[derive(Deserialize)]
pub(super) struct Requested {
    pub order: Order,
}

/// `booking.assigned.v1`
#[derive(Deserialize)]
pub(super) struct Assigned {
    pub assignment: Assignment,
}

#[derive(Deserialize)]
pub(super) struct Assignment {
    pub driver: DriverId,
}

/// `booking.cancelled.v1`, `booking.driver_released.v1`, `booking.unfulfilled.v1`
#[derive(Deserialize)]
pub(super) struct Withdrawn {
    pub terms: Terms,
}

#[derive(Deserialize)]
pub(super) struct Terms {
    pub reason: Cause,
    pub minutes_to_pickup: i64,
    pub fee: Money,
    pub refund: Money,
    pub credit: Money,
}

/// `booking.completed.v1`
#[derive(Deserialize)]
pub(super) struct Completed {
    pub invoice: Fare,
}

/// `booking.fare_differed.v1`
#[derive(Deserialize)]
pub(super) struct FareDiffered {
    pub difference: Difference,
}

#[derive(Deserialize)]
pub(super) struct Difference {
    pub line: String,
    pub quoted: Money,
    pub invoiced: Money,
}

/// `payment.journal_posted.v1`
#[derive(Deserialize)]
pub(super) struct JournalPosted {
    pub booking: BookingId,
    pub entry: Entry,
}

#[derive(Deserialize)]
pub(super) struct Entry {
    pub kind: String,
    pub postings: Vec<Posting>,
}

#[derive(Deserialize)]
pub(super) struct Posting {
    pub account: String,
    pub amount: Money,
}

/// `dispatch.offers_made.v1`
#[derive(Deserialize)]
pub(super) struct OffersMade {
    pub offers: BTreeMap<String, serde::de::IgnoredAny>,
}

/// `dispatch.offers_expired.v1`
#[derive(Deserialize)]
pub(super) struct OffersExpired {
    pub offers: Vec<serde::de::IgnoredAny>,
}
