//! Searches, their offers and duties in a file of SQLite.

use super::{
    Dispatches, DutyRow, OfferRow, Opened, ReadError, SearchRow,
    dispatches::{OfferColumns, SearchColumns, offer, search},
    duties,
    fold::{Changed, Considered, word},
};
use async_trait::async_trait;
use interstate_eventing::{
    Event,
    projection::{Changes, Watch},
};
use interstate_schemas::{DispatchId, DriverId, Timestamp};
use interstate_stores::{Projection, ProjectionError, Readers, Sqlite, SqliteError, SqliteReadModel};
use rusqlite::{Connection, OptionalExtension, params};
use std::sync::Arc;

/// Opens the read model in a file.
///
/// # Errors
/// The file cannot be written.
pub async fn open(db: &Sqlite) -> Result<Opened, SqliteError> {
    let changes = Changes::default();
    let model = SqliteReadModel::open(db, DispatchProjection::new(changes.clone())).await?;
    let dispatches = SqliteDispatches {
        rows: db.readers().clone(),
        changes,
    };
    Ok(Opened {
        model: Arc::new(model),
        dispatches: Arc::new(dispatches),
    })
}

/// The projection `driver-dispatches`. It announces each driver whose offers change.
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
    const VERSION: u32 = 3;
    const TABLES: &'static [&'static str] = &["searches", "offers", "duties"];
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
        duties::sqlite::TABLE,
    ];

    fn apply(&self, tx: &Connection, event: &Event) -> Result<(), ProjectionError> {
        self.apply_all(tx, &[event])
    }

    fn apply_all(&self, tx: &Connection, events: &[&Event]) -> Result<(), ProjectionError> {
        let changed = Changed::by(events)?;
        store_searches(tx, &changed)?;
        duties::sqlite::store(tx, &changed.duties)?;
        Ok(self.store_offers(tx, &changed)?)
    }

    fn committed(&self, rows: &Connection) {
        self.changes
            .announce_staged(|driver| offers_of(rows, *driver).ok());
    }
}

fn store_searches(tx: &Connection, changed: &Changed) -> rusqlite::Result<()> {
    for (dispatch, change) in &changed.searches {
        if let Some(new) = &change.opened {
            let none = Considered::default();
            let considered = change.considered.as_ref().unwrap_or(&none);
            tx.prepare_cached(
                "INSERT OR REPLACE INTO searches
                 (dispatch, rider, search, state, rounds, opened_at, until, trip, considered, passed, why)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                dispatch,
                new.rider,
                new.search,
                change.state,
                change.rounds.unwrap_or(0),
                new.opened_at,
                new.until,
                new.trip,
                considered.considered,
                considered.passed,
                considered.why
            ])?;
        } else {
            let considered = change.considered.as_ref();
            tx.prepare_cached(
                "UPDATE searches SET state = coalesce(?2, state), rounds = coalesce(?3, rounds),
                 considered = coalesce(?4, considered), passed = coalesce(?5, passed), why = coalesce(?6, why)
                 WHERE dispatch = ?1",
            )?
            .execute(params![
                dispatch,
                change.state,
                change.rounds,
                considered.map(|considered| considered.considered),
                considered.map(|considered| considered.passed),
                considered.map(|considered| &considered.why)
            ])?;
        }
    }
    Ok(())
}

impl DispatchProjection {
    fn store_offers(&self, tx: &Connection, changed: &Changed) -> rusqlite::Result<()> {
        for (offer, change) in &changed.offers {
            if let Some(new) = &change.made {
                tx.prepare_cached(
                    "INSERT OR REPLACE INTO offers (offer, dispatch, driver, vehicle, state, expires_at, earns)
                     VALUES (?, ?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    offer,
                    new.dispatch,
                    new.driver.to_string(),
                    new.vehicle,
                    word(change.state),
                    new.expires_at,
                    new.earns
                ])?;
                self.changes.stage(&new.driver);
            } else {
                let driver: Option<String> = tx
                    .prepare_cached("UPDATE offers SET state = ? WHERE offer = ? RETURNING driver")?
                    .query_row(params![word(change.state), offer], |row| row.get(0))
                    .optional()?;
                if let Some(driver) = driver.and_then(|driver| driver.parse().ok()) {
                    self.changes.stage(&driver);
                }
            }
        }
        Ok(())
    }
}

struct SqliteDispatches {
    rows: Readers,
    changes: Changes<DriverId, Vec<OfferRow>>,
}

#[async_trait]
impl Dispatches for SqliteDispatches {
    fn watch(&self, driver: DriverId) -> Watch<DriverId, Vec<OfferRow>> {
        self.changes.watch(driver)
    }

    async fn search(&self, dispatch: DispatchId) -> Result<Option<SearchRow>, ReadError> {
        let found = self.rows.read(move |rows| {
            let mut select = rows.prepare_cached(
                "SELECT rider, search, state, rounds, opened_at, until, considered, passed, why
                 FROM searches WHERE dispatch = ?",
            )?;
            let found = select.query_row([dispatch.to_string()], |row| SearchColumns::try_from(row));
            Ok::<_, ReadError>(found.optional()?)
        });
        found.await?.map(|columns| search(dispatch, columns)).transpose()
    }

    async fn offers(&self, driver: DriverId) -> Result<Vec<OfferRow>, ReadError> {
        self.rows.read(move |rows| offers_of(rows, driver)).await
    }

    async fn duties(&self, driver: DriverId, after: Timestamp) -> Result<Vec<DutyRow>, ReadError> {
        let found = self
            .rows
            .read(move |rows| duties::sqlite::of_driver(rows, driver, after));
        found.await
    }
}

/// As this connection sees them.
fn offers_of(rows: &Connection, driver: DriverId) -> Result<Vec<OfferRow>, ReadError> {
    let mut select = rows.prepare_cached(
        "SELECT offer, dispatch, driver, vehicle, offers.state, expires_at, earns, trip
         FROM offers JOIN searches USING (dispatch)
         WHERE driver = ? AND offers.state IN ('open', 'accepted') ORDER BY expires_at, offer LIMIT 100",
    )?;
    let found = select.query_and_then([driver.to_string()], |row| offer(OfferColumns::try_from(row)?))?;
    found.collect()
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        ReadError::Store(error.into())
    }
}
