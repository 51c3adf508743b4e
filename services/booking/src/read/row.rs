//! Rows as the rest of the service knows them.

use super::{HistoryError, MoneyView, QuoteView, SagaView};
use crate::domain::booking::Stage;
use interstate_schemas::{
    BookingId, DriverCard, DriverId, QuoteId, Timestamp, TripKind, UserId, VehicleClass, VehicleId,
};
use serde::Serialize;

/// A quote, and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct QuoteRow {
    /// Whose.
    pub rider: UserId,
    /// The quote.
    pub view: QuoteView,
}

/// A booking.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the same fields as those of BookingView, which documents them"
)]
pub struct BookingRow {
    pub booking: BookingId,
    pub quote: QuoteId,
    pub rider: UserId,
    pub stage: Stage,
    pub because: Option<String>,
    pub driver: Option<DriverId>,
    pub driver_user: Option<UserId>,
    pub vehicle: Option<VehicleId>,
    pub card: Option<DriverCard>,
    pub kind: TripKind,
    pub class: VehicleClass,
    pub from: String,
    pub to: String,
    pub pickup_at: Timestamp,
    pub ends_at: Timestamp,
    pub money: MoneyView,
    pub saga: SagaView,
    pub booked_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: u64,
}

/// A unit variant as its word, `PENDING_PAYMENT`.
pub(super) fn word<T: Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("a unit variant is a word, not {other:?}"),
    }
}

pub(super) fn wrong(column: &'static str, error: &dyn std::fmt::Display) -> HistoryError {
    HistoryError::Row {
        column,
        why: error.to_string(),
    }
}
