//! What is asked of `driver-dispatches`.

use super::DutyRow;
use crate::domain::{
    candidates::{FilterCode, Reason},
    dispatch::OfferState,
};
use async_trait::async_trait;
use interstate_eventing::projection::Watch;
use interstate_schemas::{
    BookingId, DispatchId, DriverId, Money, OfferId, Timestamp, TripRequest, UserId, VehicleId,
    reason::why_not_this_driver,
};
use interstate_stores::{QueryError, StoredJson, StoredModel};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt::Display, str::FromStr, sync::Arc};

/// A search as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SearchRow {
    /// The dispatch.
    pub dispatch: DispatchId,
    /// The booking.
    pub booking: BookingId,
    /// Who rides.
    #[serde(skip)]
    pub rider: UserId,
    /// Which search of the booking, from 1.
    pub search: u32,
    /// `searching`, `found`, `no_driver` or `withdrawn`.
    pub state: String,
    /// Rounds of offers so far.
    pub rounds: u32,
    /// When it began.
    pub opened_at: Timestamp,
    /// When it gives up.
    pub until: Timestamp,
    /// How many candidates the last round considered, and how many of them could drive.
    pub considered: u32,
    /// How many of them could drive.
    pub passed: u32,
    /// Why the others could not, the most frequent reason first.
    pub why: Vec<WhyNot>,
}

/// Why candidates could not drive, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WhyNot {
    /// The first thing that stood against them: a stable code.
    pub code: FilterCode,
    /// How many candidates it stopped.
    pub candidates: u32,
    /// The code as a sentence about each of them.
    pub explanation: &'static str,
}

impl From<Reason> for WhyNot {
    fn from(reason: Reason) -> Self {
        Self {
            code: reason.code,
            candidates: reason.candidates,
            explanation: why_not_this_driver(reason.code.text()).unwrap_or_default(),
        }
    }
}

/// An offer as its driver sees it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct OfferRow {
    /// The offer.
    pub offer: OfferId,
    /// The search that it belongs to: part of the path to answer it.
    pub dispatch: DispatchId,
    /// To whom.
    pub driver: DriverId,
    /// In what.
    pub vehicle: VehicleId,
    /// Where it stands.
    pub state: OfferState,
    /// When it expires unanswered.
    pub expires_at: Timestamp,
    /// What the driver would earn.
    pub earns: Money,
    /// The trip.
    pub trip: StoredJson<TripRequest>,
}

/// Searches, offers and duties, as they are asked.
#[async_trait]
pub trait Dispatches: Send + Sync + 'static {
    /// Changes of a driver's offers from now on.
    fn watch(&self, driver: DriverId) -> Watch<DriverId, Vec<OfferRow>>;

    /// A search.
    async fn search(&self, dispatch: DispatchId) -> Result<Option<SearchRow>, ReadError>;

    /// The offers of a driver that wait for an answer or for the calendars, the first to expire first; 100 at most.
    async fn offers(&self, driver: DriverId) -> Result<Vec<OfferRow>, ReadError>;

    /// The duties of a driver that take time after this moment, the first one first; 200 at most.
    async fn duties(&self, driver: DriverId, after: Timestamp) -> Result<Vec<DutyRow>, ReadError>;
}

/// The read model in an opened store.
#[derive(Clone)]
pub struct Opened {
    /// To keep up to date.
    pub model: Arc<dyn StoredModel>,
    /// To ask.
    pub dispatches: Arc<dyn Dispatches>,
}

/// The store did not answer, or holds something that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store.
    #[error("searches, offers and duties cannot be read: {0}")]
    Store(#[from] QueryError),
    /// A row.
    #[error("searches, offers or duties have an impossible {column}: {why}")]
    Row {
        /// Where.
        column: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// Rider, search, state, rounds, opened_at, until, considered, passed and why, as a store has them; times are
/// milliseconds.
pub(super) type SearchColumns = (String, i64, String, i64, i64, i64, i64, i64, String);

pub(super) fn search(dispatch: DispatchId, columns: SearchColumns) -> Result<SearchRow, ReadError> {
    let (rider, search, state, rounds, opened_at, until, considered, passed, why) = columns;
    let why: Vec<Reason> = serde_json::from_str(&why).map_err(|error| wrong("why", &error))?;
    Ok(SearchRow {
        dispatch,
        booking: BookingId::from(dispatch),
        rider: parsed("rider", &rider)?,
        search: count("search", search)?,
        state,
        rounds: count("rounds", rounds)?,
        opened_at: time("opened_at", opened_at)?,
        until: time("until", until)?,
        considered: count("considered", considered)?,
        passed: count("passed", passed)?,
        why: why.into_iter().map(WhyNot::from).collect(),
    })
}

/// Offer, dispatch, driver, vehicle, state, expires_at, earns and trip, as a store has them; times are milliseconds.
pub(super) type OfferColumns = (String, String, String, String, String, i64, i64, String);

pub(super) fn offer(columns: OfferColumns) -> Result<OfferRow, ReadError> {
    let (offer, dispatch, driver, vehicle, state, expires_at, earns, trip) = columns;
    Ok(OfferRow {
        offer: parsed("offer", &offer)?,
        dispatch: parsed("dispatch", &dispatch)?,
        driver: parsed("driver", &driver)?,
        vehicle: parsed("vehicle", &vehicle)?,
        state: unword(state)?,
        expires_at: time("expires_at", expires_at)?,
        earns: Money::inr(earns),
        trip: StoredJson::from_text(trip).map_err(|error| wrong("trip", &error))?,
    })
}

fn unword<T: for<'de> Deserialize<'de>>(text: String) -> Result<T, ReadError> {
    serde_json::from_value(serde_json::Value::String(text)).map_err(|error| wrong("state", &error))
}

fn wrong(column: &'static str, error: &dyn Display) -> ReadError {
    ReadError::Row {
        column,
        why: error.to_string(),
    }
}

pub(super) fn parsed<T: FromStr<Err: Display>>(column: &'static str, text: &str) -> Result<T, ReadError> {
    text.parse().map_err(|error: T::Err| wrong(column, &error))
}

fn count(column: &'static str, number: i64) -> Result<u32, ReadError> {
    u32::try_from(number).map_err(|error| wrong(column, &error))
}

pub(super) fn time(column: &'static str, millis: i64) -> Result<Timestamp, ReadError> {
    Timestamp::from_millisecond(millis).map_err(|error| wrong(column, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_told_in_words() {
        let told = WhyNot::from(Reason {
            code: FilterCode::SeatsShort,
            candidates: 3,
        });
        assert_eq!(
            serde_json::to_value(told).unwrap(),
            serde_json::json!({ "code": "SEATS_SHORT", "candidates": 3,
                "explanation": "The vehicle has fewer seats than there are passengers." })
        );
    }
}
