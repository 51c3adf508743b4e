//! What is asked of `driver-dispatches`.

use crate::domain::{
    candidates::{FilterCode, Reason},
    dispatch::OfferState,
};
use interstate_eventing::projection::{Changes, Watch};
use interstate_schemas::{
    BookingId, DispatchId, DriverId, Money, OfferId, Timestamp, TripRequest, UserId, VehicleId,
    reason::why_not_this_driver,
};
use interstate_stores::{Readers, StoredJson};
use rusqlite::{Connection, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

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

/// The store did not answer, or holds something that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store.
    #[error("searches and offers cannot be read: {0}")]
    Store(#[from] rusqlite::Error),
    /// A row.
    #[error("searches and offers have an impossible {column}: {why}")]
    Row {
        /// Where.
        column: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// Reads it. Clones share the connections.
#[derive(Clone)]
pub struct DispatchReads {
    rows: Readers,
    changes: Changes<DriverId, Vec<OfferRow>>,
}

impl DispatchReads {
    /// Reads these rows; `changes` is that of the projection.
    pub fn new(rows: Readers, changes: Changes<DriverId, Vec<OfferRow>>) -> Self {
        Self { rows, changes }
    }

    /// Changes of a driver's offers from now on.
    pub fn watch(&self, driver: DriverId) -> Watch<DriverId, Vec<OfferRow>> {
        self.changes.watch(driver)
    }

    /// A search.
    ///
    /// # Errors
    /// A [`ReadError`].
    pub async fn search(&self, dispatch: DispatchId) -> Result<Option<SearchRow>, ReadError> {
        let found = self.rows.read(move |rows| {
            let mut select = rows.prepare_cached("SELECT * FROM searches WHERE dispatch = ?")?;
            let mut found = select.query([dispatch.to_string()])?;
            found.next()?.map(|row| search(dispatch, row)).transpose()
        });
        found.await
    }

    /// The offers of a driver that wait for an answer or for the calendars, the first to expire first.
    ///
    /// # Errors
    /// A [`ReadError`].
    pub async fn offers(&self, driver: DriverId) -> Result<Vec<OfferRow>, ReadError> {
        self.rows.read(move |rows| offers_of(rows, driver)).await
    }
}

/// As this connection sees them.
pub(super) fn offers_of(rows: &Connection, driver: DriverId) -> Result<Vec<OfferRow>, ReadError> {
    let mut select = rows.prepare_cached(
        "SELECT offers.*, searches.trip FROM offers JOIN searches USING (dispatch)
         WHERE driver = ? AND offers.state IN ('open', 'accepted') ORDER BY expires_at LIMIT 100",
    )?;
    let found = select.query_and_then([driver.to_string()], offer)?;
    found.collect()
}

fn search(dispatch: DispatchId, row: &Row<'_>) -> Result<SearchRow, ReadError> {
    Ok(SearchRow {
        dispatch,
        booking: BookingId::from(dispatch),
        rider: parsed(row, "rider")?,
        search: row.get("search")?,
        state: row.get("state")?,
        rounds: row.get("rounds")?,
        opened_at: time(row, "opened_at")?,
        until: time(row, "until")?,
        considered: row.get("considered")?,
        passed: row.get("passed")?,
        why: from_json::<Vec<Reason>>(row, "why")?
            .into_iter()
            .map(WhyNot::from)
            .collect(),
    })
}

fn offer(row: &Row<'_>) -> Result<OfferRow, ReadError> {
    Ok(OfferRow {
        offer: parsed(row, "offer")?,
        dispatch: parsed(row, "dispatch")?,
        driver: parsed(row, "driver")?,
        vehicle: parsed(row, "vehicle")?,
        state: unword(row.get("state")?)?,
        expires_at: time(row, "expires_at")?,
        earns: Money::inr(row.get("earns")?),
        trip: StoredJson::from_text(row.get("trip")?).map_err(|error| wrong("trip", &error))?,
    })
}

fn unword<T: for<'de> Deserialize<'de>>(text: String) -> Result<T, ReadError> {
    serde_json::from_value(serde_json::Value::String(text)).map_err(|error| wrong("state", &error))
}

fn wrong(column: &'static str, error: &dyn std::fmt::Display) -> ReadError {
    ReadError::Row {
        column,
        why: error.to_string(),
    }
}

fn from_json<T: DeserializeOwned>(row: &Row<'_>, column: &'static str) -> Result<T, ReadError> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| wrong(column, &error))
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    row: &Row<'_>,
    column: &'static str,
) -> Result<T, ReadError> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error: T::Err| wrong(column, &error))
}

fn time(row: &Row<'_>, column: &'static str) -> Result<Timestamp, ReadError> {
    Timestamp::from_millisecond(row.get(column)?).map_err(|error| wrong(column, &error))
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
