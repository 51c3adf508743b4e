//! Rows of SQLite as the rest of the service knows them.

use super::super::{BookingRow, HistoryError, MoneyView, SagaView, row::wrong};
use crate::domain::booking::Plan;
use interstate_schemas::{Money, Timestamp};
use rusqlite::Row;
use serde::de::DeserializeOwned;
use std::str::FromStr;

pub(super) fn booking(row: &Row<'_>) -> Result<BookingRow, HistoryError> {
    let money = |column| row.get(column).map(Money::inr);
    Ok(BookingRow {
        booking: parsed(row, "booking")?,
        quote: parsed(row, "quote")?,
        rider: parsed(row, "rider")?,
        stage: word_in(row, "stage")?,
        because: row.get("because")?,
        driver: optional(row, "driver")?,
        driver_user: optional(row, "driver_user")?,
        vehicle: optional(row, "vehicle")?,
        card: from_json(row, "card")?,
        kind: word_in(row, "kind")?,
        class: word_in(row, "class")?,
        from: row.get("origin")?,
        to: row.get("destination")?,
        pickup_at: time(row, "pickup_at")?,
        ends_at: time(row, "ends_at")?,
        money: MoneyView {
            payable: money("payable")?,
            advance: money("advance")?,
            held: money("held")?,
            captured: money("captured")?,
            balance: money("balance")?,
            fee: money("fee")?,
            refund: money("refund")?,
        },
        saga: SagaView {
            plan: word_in::<Plan>(row, "plan")?,
            phase: row.get("saga_phase")?,
            step: row.get("saga_step")?,
            support_case: row.get::<_, i64>("support_case")? != 0,
        },
        booked_at: time(row, "booked_at")?,
        updated_at: time(row, "updated_at")?,
        version: row.get::<_, i64>("version")?.unsigned_abs(),
    })
}

fn word_in<T: DeserializeOwned>(row: &Row<'_>, column: &'static str) -> Result<T, HistoryError> {
    let text: String = row.get(column)?;
    serde_json::from_value(serde_json::Value::String(text)).map_err(|error| wrong(column, &error))
}

pub(super) fn parsed<T: FromStr>(row: &Row<'_>, column: &'static str) -> Result<T, HistoryError>
where
    T::Err: std::fmt::Display,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|error: T::Err| wrong(column, &error))
}

fn optional<T: FromStr>(row: &Row<'_>, column: &'static str) -> Result<Option<T>, HistoryError>
where
    T::Err: std::fmt::Display,
{
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|error: T::Err| wrong(column, &error)))
        .transpose()
}

fn from_json<T: DeserializeOwned>(row: &Row<'_>, column: &'static str) -> Result<Option<T>, HistoryError> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| serde_json::from_str(&text).map_err(|error| wrong(column, &error)))
        .transpose()
}

pub(super) fn time(row: &Row<'_>, column: &'static str) -> Result<Timestamp, HistoryError> {
    let millis: i64 = row.get(column)?;
    Timestamp::from_millisecond(millis).map_err(|error| wrong(column, &error))
}
