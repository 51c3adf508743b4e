//! Days as the tariff counts them.

use interstate_schemas::Timestamp;
use jiff::{civil::Date, tz::TimeZone};
use std::sync::LazyLock;

/// The IANA zone in which every tariff that there is counts its days, and so the one of reports.
pub const ZONE: &str = "Asia/Kolkata";

/// What the names of those tariffs begin with.
const OF_ZONE: &str = "india-";

static TIME_ZONE: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get(ZONE).expect("the zone is in the database that is built in"));

/// The day at this moment.
pub fn day_of(at: Timestamp) -> Date {
    TIME_ZONE.to_datetime(at).date()
}

/// Whether a tariff counts its days in [`ZONE`]. One of another zone needs reports that keep zones apart, and is
/// not counted until there are.
pub fn is_of_zone(tariff: &str) -> bool {
    tariff.starts_with(OF_ZONE)
}

/// A day as stores keep it: days since 1970.
pub fn number(day: Date) -> i32 {
    day.since(EPOCH).map_or(0, |span| span.get_days())
}

/// The day of a number.
pub fn of_number(number: i32) -> Date {
    let span = jiff::Span::new().try_days(number).unwrap_or_default();
    EPOCH.saturating_add(span)
}

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_day_begins_at_midnight_in_india() {
        let at = |text: &str| day_of(text.parse().unwrap());
        assert_eq!(at("2026-11-20T18:29:59Z"), date(2026, 11, 20));
        assert_eq!(at("2026-11-20T18:30:00Z"), date(2026, 11, 21));
    }

    #[test]
    fn a_day_reads_back_from_its_number() {
        for day in [date(1970, 1, 1), date(2026, 11, 21), date(2149, 6, 6)] {
            assert_eq!(of_number(number(day)), day);
        }
        assert_eq!(number(date(2026, 11, 21)), 20_778);
    }
}
