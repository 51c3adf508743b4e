//! The tables.

/// Their names.
pub(super) const TABLES: &[&str] = &["payments", "operations", "postings", "balances"];

/// Amounts are paise; times are milliseconds since 1970; ids are text. `balances` is kept a driver where an
/// account is, with an empty driver where it is not, so that its key is never null. `cases` are those that are open.
pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE payments (
        booking     TEXT PRIMARY KEY,
        rider       TEXT,
        driver      TEXT,
        status      TEXT,
        code        TEXT,
        held        INTEGER NOT NULL DEFAULT 0,
        captured    INTEGER NOT NULL DEFAULT 0,
        refunded    INTEGER NOT NULL DEFAULT 0,
        fee         INTEGER NOT NULL DEFAULT 0,
        payable     INTEGER,
        balance     INTEGER NOT NULL DEFAULT 0,
        cash             INTEGER NOT NULL DEFAULT 0,
        cash_state       TEXT,
        cash_confirm_by  INTEGER,
        credit           INTEGER NOT NULL DEFAULT 0,
        cases            TEXT,
        updated_at  INTEGER NOT NULL
    ) STRICT",
    "CREATE INDEX payments_with_case ON payments (booking) WHERE cases IS NOT NULL",
    "CREATE TABLE operations (
        operation           TEXT PRIMARY KEY,
        booking             TEXT NOT NULL,
        number              INTEGER NOT NULL,
        kind                TEXT NOT NULL,
        amount              INTEGER NOT NULL,
        status              TEXT NOT NULL,
        code                TEXT,
        provider_reference  TEXT,
        attempts            INTEGER NOT NULL DEFAULT 0,
        requested_at        INTEGER NOT NULL,
        closed_at           INTEGER
    ) STRICT",
    "CREATE INDEX operations_by_booking ON operations (booking, number)",
    "CREATE TABLE postings (
        event    TEXT NOT NULL,
        line     INTEGER NOT NULL,
        booking  TEXT NOT NULL,
        entry    TEXT NOT NULL,
        account  TEXT NOT NULL,
        driver   TEXT NOT NULL,
        amount   INTEGER NOT NULL,
        at       INTEGER NOT NULL,
        PRIMARY KEY (event, line)
    ) STRICT",
    "CREATE INDEX postings_by_booking ON postings (booking, at)",
    "CREATE INDEX postings_by_driver ON postings (driver, at) WHERE driver <> ''",
    "CREATE TABLE balances (
        account  TEXT NOT NULL,
        driver   TEXT NOT NULL,
        amount   INTEGER NOT NULL,
        PRIMARY KEY (account, driver)
    ) STRICT",
];
