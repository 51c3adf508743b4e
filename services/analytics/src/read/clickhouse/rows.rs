//! The rows of each table, as they are sent. Each names the event that it is from, by partition and sequence.

use crate::domain::{
    day::number,
    fact::{Trip, When},
    report::class_word,
};
use clickhouse::Row;
use interstate_schemas::TripKind;
use jiff::civil::Date;
use serde::Serialize;

/// Declares the row of a table.
macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Row, Serialize)]
        pub(super) struct $name { $(pub $field: $type),+ }
    )+};
}

rows! {
    /// `events`
    EventRow {
        service: String, partition: u32, sequence: u64, at: i64, day: u16, aggregate: String, event_type: String,
        by: &'static str,
    }
    /// `quotes`
    QuoteRow {
        partition: u32, sequence: u64, quote: u128, at: i64, day: u16, pickup_at: i64, pickup_day: u16, origin: u32, destination: u32,
        class: &'static str, kind: &'static str, payable: i64,
    }
    /// `bookings`
    BookingRow {
        partition: u32, sequence: u64, booking: u128, quote: u128, at: i64, day: u16, pickup_at: i64, pickup_day: u16, origin: u32,
        destination: u32, class: &'static str, kind: &'static str, payable: i64,
    }
    /// `stages`
    StageRow { partition: u32, sequence: u64, booking: u128, at: i64, day: u16, stage: &'static str, driver: u128 }
    /// `withdrawals`
    WithdrawalRow {
        partition: u32, sequence: u64, booking: u128, at: i64, day: u16, actor: &'static str, cause: &'static str, band: &'static str, fee: i64,
        refund: i64, credit: i64,
    }
    /// `trips`
    TripRow { partition: u32, sequence: u64, booking: u128, at: i64, day: u16, payable: i64, tax: i64 }
    /// `fare_lines`
    LineRow { partition: u32, sequence: u64, booking: u128, day: u16, source: &'static str, line: String, amount: i64 }
    /// `postings`
    PostingRow { partition: u32, sequence: u64, booking: u128, at: i64, day: u16, entry: String, account: String, amount: i64 }
    /// `offers`
    OfferRow { partition: u32, sequence: u64, booking: u128, at: i64, day: u16, what: &'static str, offers: u32 }
}

/// What a quote and a booking say of a trip.
pub(super) struct Described {
    pub pickup_at: i64,
    pub pickup_day: u16,
    pub class: &'static str,
    pub kind: &'static str,
}

impl Described {
    pub fn of(trip: &Trip) -> Self {
        let (pickup_at, pickup_day) = moment(trip.pickup);
        Self {
            pickup_at,
            pickup_day,
            class: class_word(trip.class),
            kind: match trip.kind {
                TripKind::OneWay => "ONE_WAY",
                TripKind::RoundTrip => "ROUND_TRIP",
                TripKind::MultiCity => "MULTI_CITY",
            },
        }
    }
}

/// Milliseconds since 1970, and the day.
pub(super) fn moment(when: When) -> (i64, u16) {
    (when.at.as_millisecond(), date(when.day))
}

/// A day as the server sends and takes it. It knows those from 1970 to 2149.
pub(super) fn date(day: Date) -> u16 {
    u16::try_from(number(day).max(0)).unwrap_or(u16::MAX)
}
