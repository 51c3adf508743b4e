//! Days and nights of a trip, on the tariff's clock.

use super::{Driving, FareError, FareInput, Interval};
use crate::domain::tariff::{NightWindow, Tariff};
use interstate_schemas::{SignedDuration, Timestamp};
use jiff::{
    civil::{Date, DateTime},
    tz::TimeZone,
};
use std::collections::BTreeSet;

/// How many days a trip touches, and in how many nights it is driven.
pub(super) struct TripCalendar {
    pub days: u32,
    pub nights: u32,
}

impl TripCalendar {
    pub(super) fn of(tariff: &Tariff, input: &FareInput) -> Result<Self, FareError> {
        let zone = TimeZone::get(&tariff.time_zone)
            .map_err(|_| FareError::UnknownTimeZone(tariff.time_zone.clone()))?;
        let days = days_touched(&zone, input.period, tariff.limits.trip_days)?;
        let nights = nights_driven(&zone, tariff.night, &driven(&input.driving, input.period)?)?;
        Ok(Self { days, nights })
    }
}

/// Calendar days from the first moment to the last. Midnight sharp ends a day and does not touch the next.
fn days_touched(zone: &TimeZone, period: Interval, limit: u32) -> Result<u32, FareError> {
    if period.to < period.from {
        return Err(FareError::PeriodReversed);
    }
    let last = last_moment(period);
    let days = date(zone, period.from)
        .until(date(zone, last))
        .map_err(|_| FareError::DateOutOfRange)?
        .get_days();
    match u32::try_from(days).map(|nights_between| nights_between.saturating_add(1)) {
        Ok(days) if days <= limit => Ok(days),
        _ => Err(FareError::TooManyDays { limit }),
    }
}

/// The last moment inside a period; its only one where it has no length.
fn last_moment(period: Interval) -> Timestamp {
    let before = period
        .to
        .checked_sub(SignedDuration::from_nanos(1))
        .unwrap_or(period.to);
    before.max(period.from)
}

fn date(zone: &TimeZone, moment: Timestamp) -> Date {
    zone.to_datetime(moment).date()
}

/// The intervals that the vehicle moves in.
fn driven(driving: &Driving, period: Interval) -> Result<Vec<Interval>, FareError> {
    match driving {
        Driving::Throughout => Ok(vec![period]),
        Driving::ByDay => {
            // Its first and its last second: whoever starts or ends at night drives at night.
            let second = SignedDuration::from_secs(1);
            let after = period
                .from
                .checked_add(second)
                .map_err(|_| FareError::DateOutOfRange)?;
            let before = period
                .to
                .checked_sub(second)
                .map_err(|_| FareError::DateOutOfRange)?;
            Ok(vec![
                Interval {
                    from: period.from,
                    to: after.min(period.to),
                },
                Interval {
                    from: before.max(period.from),
                    to: period.to,
                },
            ])
        }
        Driving::During { intervals } if intervals.iter().all(|interval| period.contains(interval)) => {
            Ok(intervals.clone())
        }
        Driving::During { .. } => Err(FareError::DrivingOutsideTrip),
    }
}

/// Each night counts once, by the date of its evening, however often it was driven in.
fn nights_driven(zone: &TimeZone, window: NightWindow, driven: &[Interval]) -> Result<u32, FareError> {
    let mut nights = BTreeSet::new();
    for interval in driven {
        // The evening before the first day owns that day's early hours.
        let mut evening = date(zone, interval.from)
            .yesterday()
            .map_err(|_| FareError::DateOutOfRange)?;
        let last = date(zone, interval.to);
        while evening <= last {
            if night_of(zone, window, evening)?.overlaps(interval) {
                nights.insert(evening);
            }
            evening = evening.tomorrow().map_err(|_| FareError::DateOutOfRange)?;
        }
    }
    Ok(u32::try_from(nights.len()).unwrap_or(u32::MAX))
}

fn night_of(zone: &TimeZone, window: NightWindow, evening: Date) -> Result<Interval, FareError> {
    let morning = if window.until > window.from {
        evening
    } else {
        evening.tomorrow().map_err(|_| FareError::DateOutOfRange)?
    };
    let moment = |at: DateTime| {
        zone.to_ambiguous_timestamp(at)
            .compatible()
            .map_err(|_| FareError::DateOutOfRange)
    };
    Ok(Interval {
        from: moment(evening.to_datetime(window.from))?,
        to: moment(morning.to_datetime(window.until))?,
    })
}
