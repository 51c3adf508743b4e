//! The schema, as migrations. A migration is never changed once it was released: a later one follows it. Each of its
//! statements may run twice, for the server has no transaction around them.

/// So many inserts are remembered by a table, so that what comes again is dropped. Whoever may come later than that
/// looks again before ([`super::look`]).
pub const WINDOW: u32 = 10_000;

/// One step of the schema.
pub(super) struct Migration {
    /// Its number, from 1 without gaps.
    pub version: u32,
    /// What it is for.
    pub name: &'static str,
    /// The statements; `{window}` stands for [`WINDOW`].
    pub statements: &'static [&'static str],
}

/// All of them, in order.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "facts",
        statements: FACTS,
    },
    Migration {
        version: 2,
        name: "dashboards",
        statements: DASHBOARDS,
    },
    Migration {
        version: 3,
        name: "facts that name their events",
        statements: NAMED,
    },
];

/// Who is where. Of each key the row of the highest version counts; merges drop the others.
pub(super) const LEDGER: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS blocks (
        model LowCardinality(String), partition UInt32, incarnation UInt32, first UInt64, last UInt64, next UInt64,
        receipt UInt64)
     ENGINE = ReplacingMergeTree(first) ORDER BY (model, partition)
     SETTINGS non_replicated_deduplication_window = {window}",
    "CREATE TABLE IF NOT EXISTS positions (
        model LowCardinality(String), partition UInt32, incarnation UInt32, sequence UInt64, next UInt64,
        receipt UInt64, event_at DateTime64(3, 'UTC'))
     ENGINE = ReplacingMergeTree(receipt) ORDER BY (model, partition)",
    "ALTER TABLE blocks ADD COLUMN IF NOT EXISTS announced_at DateTime64(3) DEFAULT now64(3)",
    "CREATE TABLE IF NOT EXISTS parked (
        model LowCardinality(String), service LowCardinality(String), partition UInt32, sequence UInt64,
        subject String, event_type LowCardinality(String), event Array(UInt8) CODEC(ZSTD(3)), reason String,
        since DateTime64(3, 'UTC'), version UInt64, gone UInt8)
     ENGINE = ReplacingMergeTree(version) ORDER BY (model, partition, sequence)
     SETTINGS non_replicated_deduplication_window = {window}",
    "CREATE TABLE IF NOT EXISTS standstills (
        model LowCardinality(String), turn UInt64, beside String, until UInt64, version UInt64)
     ENGINE = ReplacingMergeTree(version) ORDER BY (model, turn, beside)
     SETTINGS non_replicated_deduplication_window = {window}",
];

/// Ids are the 128 bits of their text. Amounts are paise. Days are the tariff's. Tables are sorted by what reports
/// select by; what many rows share is in a dictionary, what grows slowly is kept as differences.
const FACTS: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS events (
        service LowCardinality(String), partition UInt32, sequence UInt64 CODEC(Delta, ZSTD(1)),
        at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)), day Date CODEC(Delta, ZSTD(1)),
        aggregate LowCardinality(String), event_type LowCardinality(String), by LowCardinality(String))
     ENGINE = MergeTree PARTITION BY (service, toYYYYMM(day)) ORDER BY (day, event_type, partition, sequence)
     SETTINGS non_replicated_deduplication_window = {window}",
    "CREATE TABLE IF NOT EXISTS quotes (
        quote UInt128, at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)), day Date,
        pickup_at DateTime64(3, 'UTC') CODEC(ZSTD(1)), pickup_day Date, origin UInt32, destination UInt32,
        class LowCardinality(String), kind LowCardinality(String), payable Int64 CODEC(T64, ZSTD(1)))
     ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY (day, origin, destination, class, quote)
     SETTINGS non_replicated_deduplication_window = {window}",
    "CREATE TABLE IF NOT EXISTS bookings (
        booking UInt128, quote UInt128, at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)), day Date,
        pickup_at DateTime64(3, 'UTC') CODEC(ZSTD(1)), pickup_day Date, origin UInt32, destination UInt32,
        class LowCardinality(String), kind LowCardinality(String), payable Int64 CODEC(T64, ZSTD(1)),
        INDEX by_pickup pickup_day TYPE minmax GRANULARITY 1, INDEX by_id booking TYPE bloom_filter GRANULARITY 1)
     ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY (day, origin, destination, class, booking)
     SETTINGS non_replicated_deduplication_window = {window}",
    "CREATE TABLE IF NOT EXISTS stages (
        booking UInt128, at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)), day Date, stage LowCardinality(String),
        driver UInt128, INDEX by_id booking TYPE bloom_filter GRANULARITY 1)
     ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY (stage, day, booking)
     SETTINGS non_replicated_deduplication_window = {window}",
    "CREATE TABLE IF NOT EXISTS withdrawals (
        booking UInt128, at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)), day Date, actor LowCardinality(String),
        cause LowCardinality(String), band LowCardinality(String), fee Int64 CODEC(T64, ZSTD(1)),
        refund Int64 CODEC(T64, ZSTD(1)), credit Int64 CODEC(T64, ZSTD(1)))
     ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY (day, actor, cause, booking)
     SETTINGS non_replicated_deduplication_window = {window}",
    "CREATE TABLE IF NOT EXISTS trips (
        booking UInt128, at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)), day Date,
        payable Int64 CODEC(T64, ZSTD(1)), tax Int64 CODEC(T64, ZSTD(1)))
     ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY (day, booking)
     SETTINGS non_replicated_deduplication_window = {window}",
    "CREATE TABLE IF NOT EXISTS fare_lines (
        booking UInt128, day Date, source LowCardinality(String), line LowCardinality(String),
        amount Int64 CODEC(T64, ZSTD(1)))
     ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY (booking, line)
     SETTINGS non_replicated_deduplication_window = {window}",
    "CREATE TABLE IF NOT EXISTS postings (
        booking UInt128, at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)), day Date, entry LowCardinality(String),
        account LowCardinality(String), amount Int64 CODEC(T64, ZSTD(1)))
     ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY (account, day, booking)
     SETTINGS non_replicated_deduplication_window = {window}",
    "CREATE TABLE IF NOT EXISTS offers (
        booking UInt128, at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)), day Date, what LowCardinality(String),
        offers UInt32)
     ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY (day, what, booking)
     SETTINGS non_replicated_deduplication_window = {window}",
];

/// Sums that grow with each block, for screens that ask every few seconds. Their tables remember tokens as the facts
/// do: a block that comes again reaches them once.
const DASHBOARDS: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS events_daily (
        service LowCardinality(String), day Date, event_type LowCardinality(String), events UInt64)
     ENGINE = SummingMergeTree PARTITION BY (service, toYYYYMM(day)) ORDER BY (day, event_type)
     SETTINGS non_replicated_deduplication_window = {window}",
    "CREATE MATERIALIZED VIEW IF NOT EXISTS events_daily_of TO events_daily AS
     SELECT service, day, event_type, count() AS events FROM events GROUP BY service, day, event_type",
    "CREATE TABLE IF NOT EXISTS bookings_daily (
        day Date, origin UInt32, destination UInt32, class LowCardinality(String), booked UInt64, payable Int64)
     ENGINE = SummingMergeTree PARTITION BY toYYYYMM(day) ORDER BY (day, origin, destination, class)
     SETTINGS non_replicated_deduplication_window = {window}",
    "CREATE MATERIALIZED VIEW IF NOT EXISTS bookings_daily_of TO bookings_daily AS
     SELECT day, origin, destination, class, count() AS booked, sum(payable) AS payable
     FROM bookings GROUP BY day, origin, destination, class",
    "CREATE TABLE IF NOT EXISTS postings_daily (
        day Date, account LowCardinality(String), entry LowCardinality(String), postings UInt64, amount Int64)
     ENGINE = SummingMergeTree PARTITION BY toYYYYMM(day) ORDER BY (day, account, entry)
     SETTINGS non_replicated_deduplication_window = {window}",
    "CREATE MATERIALIZED VIEW IF NOT EXISTS postings_daily_of TO postings_daily AS
     SELECT day, account, entry, count() AS postings, sum(amount) AS amount
     FROM postings GROUP BY day, account, entry",
];

/// So that the rows of a block can be counted ([`super::mend`]). What was there before names none, and
/// nobody adds more of that: a process of an earlier build that still runs would be repeated. The sums that go were
/// asked for by nobody; they go at once, for who drops a whole database waits until its tables have gone.
const NAMED: &[&str] = &[
    "ALTER TABLE quotes ADD COLUMN IF NOT EXISTS partition UInt32,
        ADD COLUMN IF NOT EXISTS sequence UInt64 CODEC(Delta, ZSTD(1))",
    "ALTER TABLE bookings ADD COLUMN IF NOT EXISTS partition UInt32,
        ADD COLUMN IF NOT EXISTS sequence UInt64 CODEC(Delta, ZSTD(1))",
    "ALTER TABLE stages ADD COLUMN IF NOT EXISTS partition UInt32,
        ADD COLUMN IF NOT EXISTS sequence UInt64 CODEC(Delta, ZSTD(1))",
    "ALTER TABLE withdrawals ADD COLUMN IF NOT EXISTS partition UInt32,
        ADD COLUMN IF NOT EXISTS sequence UInt64 CODEC(Delta, ZSTD(1))",
    "ALTER TABLE trips ADD COLUMN IF NOT EXISTS partition UInt32,
        ADD COLUMN IF NOT EXISTS sequence UInt64 CODEC(Delta, ZSTD(1))",
    "ALTER TABLE fare_lines ADD COLUMN IF NOT EXISTS partition UInt32,
        ADD COLUMN IF NOT EXISTS sequence UInt64 CODEC(Delta, ZSTD(1))",
    "ALTER TABLE postings ADD COLUMN IF NOT EXISTS partition UInt32,
        ADD COLUMN IF NOT EXISTS sequence UInt64 CODEC(Delta, ZSTD(1))",
    "ALTER TABLE offers ADD COLUMN IF NOT EXISTS partition UInt32,
        ADD COLUMN IF NOT EXISTS sequence UInt64 CODEC(Delta, ZSTD(1))",
    "ALTER TABLE quotes ADD CONSTRAINT IF NOT EXISTS named CHECK sequence > 0",
    "ALTER TABLE bookings ADD CONSTRAINT IF NOT EXISTS named CHECK sequence > 0",
    "ALTER TABLE stages ADD CONSTRAINT IF NOT EXISTS named CHECK sequence > 0",
    "ALTER TABLE withdrawals ADD CONSTRAINT IF NOT EXISTS named CHECK sequence > 0",
    "ALTER TABLE trips ADD CONSTRAINT IF NOT EXISTS named CHECK sequence > 0",
    "ALTER TABLE fare_lines ADD CONSTRAINT IF NOT EXISTS named CHECK sequence > 0",
    "ALTER TABLE postings ADD CONSTRAINT IF NOT EXISTS named CHECK sequence > 0",
    "ALTER TABLE offers ADD CONSTRAINT IF NOT EXISTS named CHECK sequence > 0",
    "DROP VIEW IF EXISTS bookings_daily_of SYNC",
    "DROP TABLE IF EXISTS bookings_daily SYNC",
    "DROP VIEW IF EXISTS postings_daily_of SYNC",
    "DROP TABLE IF EXISTS postings_daily SYNC",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_and_may_run_twice() {
        for (migration, number) in MIGRATIONS.iter().zip(1..) {
            assert_eq!(migration.version, number, "{}", migration.name);
            for statement in migration.statements {
                let twice = ["IF NOT EXISTS", "IF EXISTS"];
                assert!(twice.iter().any(|words| statement.contains(words)), "{statement}");
                let table = statement.starts_with("CREATE TABLE");
                assert_eq!(table, statement.contains("= {window}"), "{statement}");
            }
        }
    }
}
