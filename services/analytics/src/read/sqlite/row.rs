//! Rows into what reports hold.

use crate::{
    domain::{
        CityId,
        day::of_number,
        report::{BookingCounts, Group, Takings, WithdrawalKey, WithdrawalSums, class_of},
        withdrawal::{Actor, Band, Cause},
    },
    read::ReportError,
};
use interstate_schemas::Money;
use jiff::civil::Date;
use rusqlite::Row;

impl From<rusqlite::Error> for ReportError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

pub(super) fn day(row: &Row<'_>) -> Result<Date, ReportError> {
    Ok(of_number(row.get("day")?))
}

pub(super) fn count(row: &Row<'_>, column: &str) -> Result<u64, ReportError> {
    // A sum over no rows is null.
    let count: Option<i64> = row.get(column)?;
    Ok(u64::try_from(count.unwrap_or_default()).unwrap_or_default())
}

pub(super) fn money(row: &Row<'_>, column: &str) -> Result<Money, ReportError> {
    Ok(Money::inr(row.get::<_, Option<i64>>(column)?.unwrap_or_default()))
}

pub(super) fn group(row: &Row<'_>) -> Result<Group, ReportError> {
    let class: String = row.get("class")?;
    Ok(Group {
        day: day(row)?,
        origin: CityId(row.get("origin")?),
        destination: CityId(row.get("destination")?),
        class: class_of(&class).ok_or(ReportError::Damaged(class))?,
    })
}

pub(super) fn bookings(row: &Row<'_>) -> Result<BookingCounts, ReportError> {
    Ok(BookingCounts {
        booked: count(row, "booked")?,
        confirmed: count(row, "confirmed")?,
        assigned: count(row, "assigned")?,
        completed: count(row, "completed")?,
        cancelled: count(row, "cancelled")?,
        unfulfilled: count(row, "unfulfilled")?,
        lapsed: count(row, "lapsed")?,
    })
}

pub(super) fn takings(row: &Row<'_>) -> Result<Takings, ReportError> {
    Ok(Takings {
        trips: count(row, "trips")?,
        gross: money(row, "gross")?,
        commission: money(row, "commission")?,
        fees: money(row, "fees")?,
        credits: money(row, "credits")?,
        refunds: money(row, "refunds")?,
    })
}

pub(super) fn withdrawals(row: &Row<'_>) -> Result<WithdrawalSums, ReportError> {
    Ok(WithdrawalSums {
        count: count(row, "count")?,
        fees: money(row, "fees")?,
        refunds: money(row, "refunds")?,
        credits: money(row, "credits")?,
    })
}

pub(super) fn withdrawal_key(row: &Row<'_>) -> Result<WithdrawalKey, ReportError> {
    Ok(WithdrawalKey {
        group: group(row)?,
        actor: word(row, "actor", Actor::parse)?,
        cause: word(row, "cause", Cause::parse)?,
        band: word(row, "band", Band::parse)?,
    })
}

fn word<T>(row: &Row<'_>, column: &str, parse: fn(&str) -> Option<T>) -> Result<T, ReportError> {
    let text: String = row.get(column)?;
    parse(&text).ok_or(ReportError::Damaged(text))
}
