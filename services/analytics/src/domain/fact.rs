//! The rows that follow from events. A fact is written once and never changed; where a report needs what an earlier
//! event said (the corridor of a booking that is cancelled), it joins by the booking.

use super::{
    Corridor,
    withdrawal::{Actor, Band, Cause},
};
use interstate_schemas::{BookingId, DriverId, Money, QuoteId, Timestamp, TripKind, VehicleClass};
use jiff::civil::Date;

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// An event happened: one of these for each event.
    Happened(Happened),
    /// A price was offered.
    Quoted(Quoted),
    /// A quote was accepted.
    Booked(Booked),
    /// A booking has come to a stage.
    Reached(Reached),
    /// Somebody withdrew, or had to.
    Withdrawn(Withdrawn),
    /// A trip was driven and priced.
    Driven(Driven),
    /// A line of a fare.
    FareLine(FareLine),
    /// A posting of a journal entry.
    Posted(Posted),
    /// Offers to drivers moved.
    Offered(Offered),
}

/// When a fact's event happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// Log time.
    pub at: Timestamp,
    /// The day in the tariff's zone.
    pub day: Date,
}

/// An event happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Happened {
    /// When.
    pub when: When,
    /// The kind of aggregate.
    pub aggregate: String,
    /// The event's type.
    pub event_type: String,
    /// Who caused it: a role, `service` or `system`, never a person.
    pub by: &'static str,
}

/// What a trip is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trip {
    /// From where to where.
    pub corridor: Corridor,
    /// The class of vehicle.
    pub class: VehicleClass,
    /// The shape of the trip.
    pub kind: TripKind,
    /// The agreed pickup.
    pub pickup: When,
    /// What the rider is quoted, tax included.
    pub payable: Money,
}

/// A price was offered.
#[derive(Debug, Clone, PartialEq)]
pub struct Quoted {
    /// The quote.
    pub quote: QuoteId,
    /// When.
    pub when: When,
    /// For what.
    pub trip: Trip,
}

/// A quote was accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Booked {
    /// The booking.
    pub booking: BookingId,
    /// The quote that it comes from.
    pub quote: QuoteId,
    /// When.
    pub when: When,
    /// What was booked.
    pub trip: Trip,
}

/// How far a booking is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The advance is paid.
    Confirmed,
    /// A driver and a vehicle are reserved.
    Assigned,
    /// The trip was driven and priced.
    Completed,
    /// Everything is paid.
    Closed,
    /// The advance was not paid.
    Lapsed,
    /// Nobody was found to drive it.
    Unfulfilled,
    /// Somebody withdrew.
    Cancelled,
}

impl Stage {
    /// Its name in stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Assigned => "assigned",
            Self::Completed => "completed",
            Self::Closed => "closed",
            Self::Lapsed => "lapsed",
            Self::Unfulfilled => "unfulfilled",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A booking has come to a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Reached {
    /// The booking.
    pub booking: BookingId,
    /// When.
    pub when: When,
    /// Which stage.
    pub stage: Stage,
    /// Who drives, where it is assigned.
    pub driver: Option<DriverId>,
}

/// Somebody withdrew, or had to.
#[derive(Debug, Clone, PartialEq)]
pub struct Withdrawn {
    /// The booking.
    pub booking: BookingId,
    /// When.
    pub when: When,
    /// Whose it is to answer for.
    pub actor: Actor,
    /// The row of the cancellation matrix.
    pub cause: Cause,
    /// How long before the pickup.
    pub band: Band,
    /// What the rider paid for it, GST included.
    pub fee: Money,
    /// What the rider got back.
    pub refund: Money,
    /// What the rider was promised.
    pub credit: Money,
}

/// A trip was driven and priced.
#[derive(Debug, Clone, PartialEq)]
pub struct Driven {
    /// The booking.
    pub booking: BookingId,
    /// When it was priced.
    pub when: When,
    /// What the rider pays.
    pub payable: Money,
    /// The tax in it.
    pub tax: Money,
}

/// Where a line of a fare stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineOf {
    /// In the quote that was booked.
    Quote,
    /// On the invoice.
    Invoice,
    /// In neither: what an event explains of the difference between the two.
    Explanation,
}

impl LineOf {
    /// Its name in stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quote => "quote",
            Self::Invoice => "invoice",
            Self::Explanation => "explanation",
        }
    }
}

/// A line of a fare.
#[derive(Debug, Clone, PartialEq)]
pub struct FareLine {
    /// The booking.
    pub booking: BookingId,
    /// When.
    pub when: When,
    /// Where it stands.
    pub of: LineOf,
    /// The line's code, `TOLL`.
    pub line: String,
    /// How much.
    pub amount: Money,
}

/// A posting of a journal entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Posted {
    /// The booking.
    pub booking: BookingId,
    /// When.
    pub when: When,
    /// What the entry is about.
    pub entry: String,
    /// The account.
    pub account: String,
    /// A debit above zero, a credit below.
    pub amount: Money,
}

/// What happened to offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferMove {
    /// They were made.
    Made,
    /// One was accepted.
    Accepted,
    /// One was declined.
    Declined,
    /// Nobody answered in time.
    Expired,
}

impl OfferMove {
    /// Its name in stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Expired => "expired",
        }
    }
}

/// Offers to drivers moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Offered {
    /// The booking for which a driver is sought.
    pub booking: BookingId,
    /// When.
    pub when: When,
    /// What happened.
    pub what: OfferMove,
    /// To how many offers.
    pub offers: u32,
}
