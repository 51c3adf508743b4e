//! The tables. Times are milliseconds since 1970, money is paise.

/// What a rebuild drops.
pub(super) const TABLES: &[&str] = &["quotes", "bookings", "stories"];

/// Each statement on its own.
pub(super) const SCHEMA: &[&str] = &[
    // Large rows stand in the order in which they came: in that of their keys each would move its neighbours.
    "CREATE TABLE quotes (
        quote TEXT PRIMARY KEY NOT NULL,
        rider TEXT NOT NULL,
        view TEXT NOT NULL
    ) STRICT",
    "CREATE TABLE bookings (
        booking TEXT PRIMARY KEY,
        quote TEXT NOT NULL,
        rider TEXT NOT NULL,
        stage TEXT NOT NULL,
        because TEXT,
        driver TEXT,
        driver_user TEXT,
        vehicle TEXT,
        card TEXT,
        kind TEXT NOT NULL,
        class TEXT NOT NULL,
        origin TEXT NOT NULL,
        destination TEXT NOT NULL,
        pickup_at INTEGER NOT NULL,
        ends_at INTEGER NOT NULL,
        payable INTEGER NOT NULL,
        advance INTEGER NOT NULL,
        held INTEGER NOT NULL DEFAULT 0,
        captured INTEGER NOT NULL DEFAULT 0,
        balance INTEGER NOT NULL,
        fee INTEGER NOT NULL DEFAULT 0,
        refund INTEGER NOT NULL DEFAULT 0,
        plan TEXT NOT NULL DEFAULT 'near',
        saga_phase TEXT NOT NULL DEFAULT 'idle',
        saga_step TEXT NOT NULL DEFAULT '',
        support_case INTEGER NOT NULL DEFAULT 0,
        booked_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        version INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
    "CREATE TABLE stories (
        subject TEXT NOT NULL,
        version INTEGER NOT NULL,
        event TEXT NOT NULL,
        what TEXT NOT NULL,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        causation TEXT NOT NULL,
        correlation TEXT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (subject, version)
    ) STRICT",
];

/// For lists only.
pub(super) const INDICES: &[&str] = &[
    "CREATE INDEX bookings_of_rider ON bookings (rider, booked_at DESC, booking DESC)",
    "CREATE INDEX bookings_of_driver ON bookings (driver_user, booked_at DESC, booking DESC)",
    "CREATE INDEX bookings_by_stage ON bookings (stage, booked_at DESC, booking DESC)",
    "CREATE INDEX bookings_by_time ON bookings (booked_at DESC, booking DESC)",
    "CREATE INDEX bookings_with_case ON bookings (booked_at DESC, booking DESC) WHERE support_case = 1",
];
