//! The read model `driver-dispatches`: searches and their offers.

use crate::domain::dispatch::{Dispatch, DispatchEvent, OfferState};
use async_trait::async_trait;
use interstate_eventing::{Aggregate, Event, encode_json, projection::Changes};
use interstate_schemas::{DriverAnswer, DriverId, OfferId};
use interstate_stores::{Projection, ProjectionError};
use serde::Serialize;
use sqlx::{Row, SqliteConnection};

/// Writes it, and announces each driver whose offers change.
#[derive(Clone)]
pub struct DispatchProjection {
    changes: Changes<DriverId>,
}

impl DispatchProjection {
    /// Announces to `changes`.
    pub fn new(changes: Changes<DriverId>) -> Self {
        Self { changes }
    }
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
                let rows: Vec<_> = made
                    .offers
                    .iter()
                    .map(|(offer, candidate)| (offer, candidate.driver, candidate.vehicle))
                    .collect();
                sqlx::query(
                    "INSERT OR REPLACE INTO offers (offer, dispatch, driver, vehicle, state, expires_at, earns)
                     SELECT value ->> 0, ?2, value ->> 1, value ->> 2, ?3, ?4, ?5 FROM json_each(?1)",
                )
                .bind(json(&rows))
                .bind(dispatch)
                .bind(word(OfferState::Open))
                .bind(made.expires_at.as_millisecond())
                .bind(made.driver_earns.amount)
                .execute(&mut *tx)
                .await?;
                for (_, driver, _) in rows {
                    self.changes.stage(&driver);
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

    fn committed(&self) {
        self.changes.announce_staged();
    }
}

impl DispatchProjection {
    async fn mark(
        &self,
        tx: &mut SqliteConnection,
        offers: &[OfferId],
        state: OfferState,
    ) -> Result<(), sqlx::Error> {
        if offers.is_empty() {
            return Ok(());
        }
        let rows = sqlx::query(
            "UPDATE offers SET state = ? WHERE offer IN (SELECT value FROM json_each(?)) RETURNING driver",
        )
        .bind(word(state))
        .bind(json(&offers))
        .fetch_all(&mut *tx)
        .await?;
        for row in rows {
            if let Ok(driver) = row.try_get::<String, _>("driver")?.parse() {
                self.changes.stage(&driver);
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

fn json<T: Serialize>(value: &T) -> String {
    String::from_utf8_lossy(&encode_json(value)).into_owned()
}

fn word(state: OfferState) -> String {
    json(&state).trim_matches('"').to_owned()
}
