//! The tables. Times are milliseconds since 1970, days are days since 1970, amounts are paise.

/// The table of everything that happened in a service. Its key makes a second row of one event impossible.
macro_rules! events {
    ($service:literal) => {
        concat!(
            "CREATE TABLE ",
            $service,
            "_events (
                partition INTEGER NOT NULL, sequence INTEGER NOT NULL, at INTEGER NOT NULL, day INTEGER NOT NULL,
                aggregate TEXT NOT NULL, event_type TEXT NOT NULL, by TEXT NOT NULL,
                PRIMARY KEY (partition, sequence)) STRICT, WITHOUT ROWID"
        )
    };
}

/// The index by which a day's events are counted.
macro_rules! events_by_day {
    ($service:literal) => {
        concat!(
            "CREATE INDEX ",
            $service,
            "_events_by_day ON ",
            $service,
            "_events (day, event_type)"
        )
    };
}

pub(super) use {events, events_by_day};

/// The facts of the booking service.
pub(super) const BOOKING: &[&str] = &[
    events!("booking"),
    "CREATE TABLE quotes (
        quote TEXT NOT NULL, at INTEGER NOT NULL, day INTEGER NOT NULL, pickup_at INTEGER NOT NULL,
        pickup_day INTEGER NOT NULL, origin INTEGER NOT NULL, destination INTEGER NOT NULL, class TEXT NOT NULL,
        kind TEXT NOT NULL, payable INTEGER NOT NULL) STRICT",
    "CREATE TABLE bookings (
        booking TEXT NOT NULL, quote TEXT NOT NULL, at INTEGER NOT NULL, day INTEGER NOT NULL,
        pickup_at INTEGER NOT NULL, pickup_day INTEGER NOT NULL, origin INTEGER NOT NULL,
        destination INTEGER NOT NULL, class TEXT NOT NULL, kind TEXT NOT NULL, payable INTEGER NOT NULL) STRICT",
    "CREATE TABLE stages (
        booking TEXT NOT NULL, at INTEGER NOT NULL, day INTEGER NOT NULL, stage TEXT NOT NULL,
        driver TEXT NOT NULL) STRICT",
    "CREATE TABLE withdrawals (
        booking TEXT NOT NULL, at INTEGER NOT NULL, day INTEGER NOT NULL, actor TEXT NOT NULL,
        cause TEXT NOT NULL, band TEXT NOT NULL, fee INTEGER NOT NULL, refund INTEGER NOT NULL,
        credit INTEGER NOT NULL) STRICT",
    "CREATE TABLE trips (
        booking TEXT NOT NULL, at INTEGER NOT NULL, day INTEGER NOT NULL, payable INTEGER NOT NULL,
        tax INTEGER NOT NULL) STRICT",
    "CREATE TABLE fare_lines (
        booking TEXT NOT NULL, day INTEGER NOT NULL, source TEXT NOT NULL, line TEXT NOT NULL,
        amount INTEGER NOT NULL) STRICT",
];

/// Their indices.
pub(super) const BOOKING_INDICES: &[&str] = &[
    events_by_day!("booking"),
    "CREATE INDEX quotes_by_day ON quotes (day)",
    "CREATE INDEX bookings_by_id ON bookings (booking)",
    "CREATE INDEX bookings_by_quote ON bookings (quote)",
    "CREATE INDEX bookings_by_day ON bookings (day)",
    "CREATE INDEX bookings_by_pickup ON bookings (pickup_day)",
    "CREATE INDEX stages_by_booking ON stages (booking, stage)",
    "CREATE INDEX stages_by_day ON stages (day, stage)",
    "CREATE INDEX withdrawals_by_day ON withdrawals (day)",
    "CREATE INDEX trips_by_booking ON trips (booking)",
    "CREATE INDEX trips_by_day ON trips (day)",
    "CREATE INDEX fare_lines_by_booking ON fare_lines (booking)",
];

/// The facts of the payment service.
pub(super) const PAYMENT: &[&str] = &[
    events!("payment"),
    "CREATE TABLE postings (
        booking TEXT NOT NULL, at INTEGER NOT NULL, day INTEGER NOT NULL, entry TEXT NOT NULL,
        account TEXT NOT NULL, amount INTEGER NOT NULL) STRICT",
];

/// Their indices.
pub(super) const PAYMENT_INDICES: &[&str] = &[
    events_by_day!("payment"),
    "CREATE INDEX postings_by_day ON postings (day, account)",
];

/// The facts of the driver service.
pub(super) const DRIVER: &[&str] = &[
    events!("driver"),
    "CREATE TABLE offers (
        booking TEXT NOT NULL, at INTEGER NOT NULL, day INTEGER NOT NULL, what TEXT NOT NULL,
        offers INTEGER NOT NULL) STRICT",
];

/// Their indices.
pub(super) const DRIVER_INDICES: &[&str] = &[
    events_by_day!("driver"),
    "CREATE INDEX offers_by_day ON offers (day)",
];
