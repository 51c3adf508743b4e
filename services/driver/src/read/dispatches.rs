//! The read model `driver-dispatches`: searches and their offers.

use crate::domain::{
    candidates::Reason,
    dispatch::{Dispatch, DispatchEvent, OfferState},
};
use async_trait::async_trait;
use interstate_eventing::{Aggregate, Event, encode_json};
use interstate_schemas::{
    BookingId, DispatchId, DriverAnswer, DriverId, Money, OfferId, Timestamp, TripRequest, UserId, VehicleId,
};
use interstate_stores::{Projection, ProjectionError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sqlx::{Row, SqliteConnection, SqlitePool, sqlite::SqliteRow};
use tokio::sync::broadcast;

/// Writes it, and announces each driver whose offers change.
#[derive(Clone)]
pub struct DispatchProjection {
    changes: broadcast::Sender<DriverId>,
}

impl DispatchProjection {
    /// Announces to `changes`.
    pub fn new(changes: broadcast::Sender<DriverId>) -> Self {
        Self { changes }
    }
}

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
    pub why: Vec<Reason>,
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
    pub trip: TripRequest,
}

#[async_trait]
impl Projection for DispatchProjection {
    const NAME: &'static str = "driver-dispatches";
    const VERSION: u32 = 1;
    const TABLES: &'static [&'static str] = &["searches", "offers"];
    const SCHEMA: &'static [&'static str] = &[
        "CREATE TABLE searches (
            dispatch TEXT PRIMARY KEY,
            rider TEXT NOT NULL,
            search INTEGER NOT NULL,
            state TEXT NOT NULL,
            rounds INTEGER NOT NULL DEFAULT 0,
            opened_at INTEGER NOT NULL,
            until INTEGER NOT NULL,
            trip TEXT NOT NULL,
            considered INTEGER NOT NULL DEFAULT 0,
            passed INTEGER NOT NULL DEFAULT 0,
            why TEXT NOT NULL DEFAULT '[]',
            record TEXT
        ) STRICT, WITHOUT ROWID",
        "CREATE TABLE offers (
            offer TEXT PRIMARY KEY,
            dispatch TEXT NOT NULL,
            driver TEXT NOT NULL,
            vehicle TEXT NOT NULL,
            state TEXT NOT NULL,
            expires_at INTEGER NOT NULL,
            earns INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID",
        "CREATE INDEX offers_of_driver ON offers (driver, state, expires_at)",
        "CREATE INDEX offers_of_dispatch ON offers (dispatch)",
    ];

    async fn apply(&self, tx: &mut SqliteConnection, event: &Event) -> Result<(), ProjectionError> {
        if event.aggregate != Dispatch::NAME {
            return Ok(());
        }
        let dispatch = event.subject.as_str();
        match event.decode::<DispatchEvent>()? {
            DispatchEvent::Opened(opened) => {
                sqlx::query(
                    "INSERT OR REPLACE INTO searches (dispatch, rider, search, state, opened_at, until, trip)
                     VALUES (?, ?, ?, 'searching', ?, ?, ?)",
                )
                .bind(dispatch)
                .bind(opened.trip.rider.to_string())
                .bind(opened.search)
                .bind(event.time.as_millisecond())
                .bind(opened.until.as_millisecond())
                .bind(json(&opened.trip))
                .execute(tx)
                .await?;
            }
            DispatchEvent::Wanted(wanted) => {
                sqlx::query("UPDATE searches SET rounds = ? WHERE dispatch = ?")
                    .bind(wanted.round)
                    .bind(dispatch)
                    .execute(tx)
                    .await?;
            }
            DispatchEvent::Considered(considered) => {
                let record = &considered.record;
                sqlx::query(
                    "UPDATE searches SET considered = ?, passed = ?, why = ?, record = ? WHERE dispatch = ?",
                )
                .bind(record.considered)
                .bind(record.passed)
                .bind(json(&record.why_no_driver()))
                .bind(json(record))
                .bind(dispatch)
                .execute(tx)
                .await?;
            }
            DispatchEvent::OffersMade(made) => {
                for (offer, candidate) in &made.offers {
                    sqlx::query("INSERT OR REPLACE INTO offers VALUES (?, ?, ?, ?, ?, ?, ?)")
                        .bind(offer.to_string())
                        .bind(dispatch)
                        .bind(candidate.driver.to_string())
                        .bind(candidate.vehicle.to_string())
                        .bind(word(OfferState::Open))
                        .bind(made.expires_at.as_millisecond())
                        .bind(made.driver_earns.amount)
                        .execute(&mut *tx)
                        .await?;
                    let _ = self.changes.send(candidate.driver);
                }
            }
            DispatchEvent::Accepted(accepted) => {
                self.mark(tx, &[accepted.offer], OfferState::Accepted).await?
            }
            DispatchEvent::Declined(declined) => {
                self.mark(tx, &[declined.offer], OfferState::Declined).await?
            }
            DispatchEvent::Expired(expired) => self.mark(tx, &expired.offers, OfferState::Expired).await?,
            DispatchEvent::ClaimLost(lost) => self.mark(tx, &[lost.offer], OfferState::Lost).await?,
            DispatchEvent::Found(found) => {
                self.mark(tx, &found.withdrawn, OfferState::Withdrawn).await?;
                if let DriverAnswer::Found { offer, .. } = found.answer {
                    self.mark(tx, &[offer], OfferState::Won).await?;
                }
                state(tx, dispatch, "found").await?;
            }
            DispatchEvent::NoDriver(_) => state(tx, dispatch, "no_driver").await?,
            DispatchEvent::Withdrawn(withdrawn) => {
                self.mark(tx, &withdrawn.offers, OfferState::Withdrawn).await?;
                state(tx, dispatch, "withdrawn").await?;
            }
            DispatchEvent::ClaimBegun(_) | DispatchEvent::HoldGranted(_) => {}
        }
        Ok(())
    }
}

impl DispatchProjection {
    async fn mark(
        &self,
        tx: &mut SqliteConnection,
        offers: &[OfferId],
        state: OfferState,
    ) -> Result<(), sqlx::Error> {
        for offer in offers {
            let row = sqlx::query("UPDATE offers SET state = ? WHERE offer = ? RETURNING driver")
                .bind(word(state))
                .bind(offer.to_string())
                .fetch_optional(&mut *tx)
                .await?;
            let driver: Option<String> = row.map(|row| row.try_get("driver")).transpose()?;
            if let Some(driver) = driver.and_then(|driver| driver.parse().ok()) {
                let _ = self.changes.send(driver);
            }
        }
        Ok(())
    }
}

async fn state(tx: &mut SqliteConnection, dispatch: &str, state: &str) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE searches SET state = ? WHERE dispatch = ?")
        .bind(state)
        .bind(dispatch)
        .execute(tx)
        .await?;
    Ok(())
}

/// The store did not answer, or holds something that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store.
    #[error("searches and offers cannot be read: {0}")]
    Store(#[from] sqlx::Error),
    /// A row.
    #[error("searches and offers have an impossible {column}: {why}")]
    Row {
        /// Where.
        column: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// Reads it. Clones share the pool.
#[derive(Clone)]
pub struct DispatchReads {
    pool: SqlitePool,
    changes: broadcast::Sender<DriverId>,
}

impl DispatchReads {
    /// Reads through this pool; `changes` is that of the projection.
    pub fn new(pool: SqlitePool, changes: broadcast::Sender<DriverId>) -> Self {
        Self { pool, changes }
    }

    /// Drivers whose offers change from now on.
    pub fn changes(&self) -> broadcast::Receiver<DriverId> {
        self.changes.subscribe()
    }

    /// A search.
    ///
    /// # Errors
    /// A [`ReadError`].
    pub async fn search(&self, dispatch: DispatchId) -> Result<Option<SearchRow>, ReadError> {
        let row = sqlx::query("SELECT * FROM searches WHERE dispatch = ?")
            .bind(dispatch.to_string())
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(SearchRow {
            dispatch,
            booking: BookingId::from(dispatch),
            rider: parsed(&row, "rider")?,
            search: row.try_get("search")?,
            state: row.try_get("state")?,
            rounds: row.try_get("rounds")?,
            opened_at: time(&row, "opened_at")?,
            until: time(&row, "until")?,
            considered: row.try_get("considered")?,
            passed: row.try_get("passed")?,
            why: from_json(&row, "why")?,
        }))
    }

    /// The offers of a driver that wait for an answer or for the calendars, the first to expire first.
    ///
    /// # Errors
    /// A [`ReadError`].
    pub async fn offers(&self, driver: DriverId) -> Result<Vec<OfferRow>, ReadError> {
        let rows = sqlx::query(
            "SELECT offers.*, searches.trip FROM offers JOIN searches USING (dispatch)
             WHERE driver = ? AND offers.state IN ('open', 'accepted') ORDER BY expires_at LIMIT 100",
        )
        .bind(driver.to_string())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(offer).collect()
    }
}

fn offer(row: &SqliteRow) -> Result<OfferRow, ReadError> {
    let trip: TripRequest = from_json(row, "trip")?;
    Ok(OfferRow {
        offer: parsed(row, "offer")?,
        dispatch: parsed(row, "dispatch")?,
        driver: parsed(row, "driver")?,
        vehicle: parsed(row, "vehicle")?,
        state: unword(row.try_get("state")?)?,
        expires_at: time(row, "expires_at")?,
        earns: Money {
            amount: row.try_get("earns")?,
            ..trip.driver_earns
        },
        trip,
    })
}

fn json<T: Serialize>(value: &T) -> String {
    String::from_utf8_lossy(&encode_json(value)).into_owned()
}

fn word(state: OfferState) -> String {
    json(&state).trim_matches('"').to_owned()
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

fn from_json<T: DeserializeOwned>(row: &SqliteRow, column: &'static str) -> Result<T, ReadError> {
    let text: String = row.try_get(column)?;
    serde_json::from_str(&text).map_err(|error| wrong(column, &error))
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<T, ReadError> {
    let text: String = row.try_get(column)?;
    text.parse().map_err(|error: T::Err| wrong(column, &error))
}

fn time(row: &SqliteRow, column: &'static str) -> Result<Timestamp, ReadError> {
    Timestamp::from_millisecond(row.try_get(column)?).map_err(|error| wrong(column, &error))
}
