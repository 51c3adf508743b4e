//! The read model `driver-dispatches`: searches and their offers.

use super::dispatch_reads::{OfferRow, offers_of};
use crate::domain::dispatch::{Dispatch, DispatchEvent, OfferState};
use interstate_eventing::{Aggregate, Event, encode_json, projection::Changes};
use interstate_schemas::{DriverAnswer, DriverId, OfferId};
use interstate_stores::{Projection, ProjectionError};
use rusqlite::{Connection, params};
use serde::Serialize;

/// Writes it, and announces each driver whose offers change.
#[derive(Clone)]
pub struct DispatchProjection {
    changes: Changes<DriverId, Vec<OfferRow>>,
}

impl DispatchProjection {
    /// Announces to `changes`.
    pub fn new(changes: Changes<DriverId, Vec<OfferRow>>) -> Self {
        Self { changes }
    }
}

impl Projection for DispatchProjection {
    const NAME: &'static str = "driver-dispatches";
    const VERSION: u32 = 2;
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
            why TEXT NOT NULL DEFAULT '[]'
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

    fn apply(&self, tx: &Connection, event: &Event) -> Result<(), ProjectionError> {
        if event.aggregate != Dispatch::NAME {
            return Ok(());
        }
        let dispatch = event.subject.as_str();
        match event.decode::<DispatchEvent>()? {
            DispatchEvent::Opened(opened) => {
                tx.prepare_cached(
                    "INSERT OR REPLACE INTO searches (dispatch, rider, search, state, opened_at, until, trip)
                     VALUES (?, ?, ?, 'searching', ?, ?, ?)",
                )?
                .execute(params![
                    dispatch,
                    opened.trip.rider.to_string(),
                    opened.search,
                    event.time.as_millisecond(),
                    opened.until.as_millisecond(),
                    json(&opened.trip)
                ])?;
            }
            DispatchEvent::Wanted(wanted) => {
                tx.prepare_cached("UPDATE searches SET rounds = ? WHERE dispatch = ?")?
                    .execute(params![wanted.round, dispatch])?;
            }
            DispatchEvent::Considered(considered) => {
                let record = &considered.record;
                tx.prepare_cached(
                    "UPDATE searches SET considered = ?, passed = ?, why = ? WHERE dispatch = ?",
                )?
                .execute(params![
                    record.considered,
                    record.passed,
                    json(&record.why_no_driver()),
                    dispatch
                ])?;
            }
            DispatchEvent::OffersMade(made) => {
                let rows: Vec<_> = made
                    .offers
                    .iter()
                    .map(|(offer, candidate)| (offer, candidate.driver, candidate.vehicle))
                    .collect();
                tx.prepare_cached(
                    "INSERT OR REPLACE INTO offers (offer, dispatch, driver, vehicle, state, expires_at, earns)
                     SELECT value ->> 0, ?2, value ->> 1, value ->> 2, ?3, ?4, ?5 FROM json_each(?1)",
                )?
                .execute(params![
                    json(&rows),
                    dispatch,
                    word(OfferState::Open),
                    made.expires_at.as_millisecond(),
                    made.driver_earns.amount,
                ])?;
                for (_, driver, _) in rows {
                    self.changes.stage(&driver);
                }
            }
            DispatchEvent::Accepted(accepted) => self.mark(tx, &[accepted.offer], OfferState::Accepted)?,
            DispatchEvent::Declined(declined) => self.mark(tx, &[declined.offer], OfferState::Declined)?,
            DispatchEvent::Expired(expired) => self.mark(tx, &expired.offers, OfferState::Expired)?,
            DispatchEvent::ClaimLost(lost) => self.mark(tx, &[lost.offer], OfferState::Lost)?,
            DispatchEvent::Found(found) => {
                self.mark(tx, &found.withdrawn, OfferState::Withdrawn)?;
                if let DriverAnswer::Found { offer, .. } = found.answer {
                    self.mark(tx, &[offer], OfferState::Won)?;
                }
                state(tx, dispatch, "found")?;
            }
            DispatchEvent::NoDriver(_) => state(tx, dispatch, "no_driver")?,
            DispatchEvent::Withdrawn(withdrawn) => {
                self.mark(tx, &withdrawn.offers, OfferState::Withdrawn)?;
                state(tx, dispatch, "withdrawn")?;
            }
            DispatchEvent::ClaimBegun(_) | DispatchEvent::HoldGranted(_) => {}
        }
        Ok(())
    }

    fn committed(&self, rows: &Connection) {
        self.changes
            .announce_staged(|driver| offers_of(rows, *driver).ok());
    }
}

impl DispatchProjection {
    fn mark(&self, tx: &Connection, offers: &[OfferId], state: OfferState) -> Result<(), rusqlite::Error> {
        if offers.is_empty() {
            return Ok(());
        }
        let mut update = tx.prepare_cached(
            "UPDATE offers SET state = ? WHERE offer IN (SELECT value FROM json_each(?)) RETURNING driver",
        )?;
        let mut drivers = update.query(params![word(state), json(&offers)])?;
        while let Some(row) = drivers.next()? {
            if let Ok(driver) = row.get_ref("driver")?.as_str()?.parse() {
                self.changes.stage(&driver);
            }
        }
        Ok(())
    }
}

fn state(tx: &Connection, dispatch: &str, state: &str) -> Result<(), rusqlite::Error> {
    tx.prepare_cached("UPDATE searches SET state = ? WHERE dispatch = ?")?
        .execute(params![state, dispatch])?;
    Ok(())
}

fn json<T: Serialize>(value: &T) -> String {
    String::from_utf8_lossy(&encode_json(value)).into_owned()
}

fn word(state: OfferState) -> String {
    json(&state).trim_matches('"').to_owned()
}
