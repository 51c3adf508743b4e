//! Searches, their offers and duties in a schema of PostgreSQL.

pub use super::duties::postgres::QUESTION as DUTIES;
use super::{
    Dispatches, DutyRow, OfferRow, Opened, ReadError, SearchRow,
    dispatches::{OfferColumns, SearchColumns, offer, search},
    duties,
    fold::{self, Changed, Considered, NewOffer, NewSearch, OfferChange, SearchChange, word},
};
use async_trait::async_trait;
use interstate_eventing::{
    Event,
    projection::{Changes, Watch},
};
use interstate_schemas::{DispatchId, DriverId, Timestamp};
use interstate_stores::postgres::{
    OpenError, PgProjection, PgProjectionError, PgReadModel, PgReaders, Postgres, column,
};
use sqlx::{PgConnection, PgPool};
use std::sync::Arc;

/// Whether the read model could be opened on a server. Makes nothing there.
///
/// # Errors
/// As [`open`].
pub async fn look(server: &Postgres) -> Result<(), OpenError> {
    PgReadModel::<DispatchProjection>::look(server).await
}

/// Opens the read model on a server.
///
/// # Errors
/// The server cannot be used; the error says what to do.
pub async fn open(server: &Postgres) -> Result<Opened, OpenError> {
    let changes = Changes::default();
    let projection = DispatchProjection {
        changes: changes.clone(),
    };
    let model = PgReadModel::open(server, projection).await?;
    let dispatches = PgDispatches {
        readers: model.readers(),
        changes,
    };
    Ok(Opened {
        model: Arc::new(model),
        dispatches: Arc::new(dispatches),
    })
}

const TABLES: &str = r#"
    CREATE TABLE searches (
        dispatch TEXT COLLATE "C" PRIMARY KEY,
        rider TEXT NOT NULL,
        search BIGINT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('searching', 'found', 'no_driver', 'withdrawn')),
        rounds BIGINT NOT NULL,
        opened_at TIMESTAMPTZ NOT NULL,
        until TIMESTAMPTZ NOT NULL,
        trip JSON NOT NULL,
        considered BIGINT NOT NULL,
        passed BIGINT NOT NULL,
        why JSON NOT NULL,
        CHECK (passed <= considered)
    );
    CREATE TABLE offers (
        offer TEXT COLLATE "C" PRIMARY KEY,
        dispatch TEXT COLLATE "C" NOT NULL REFERENCES searches,
        search BIGINT NOT NULL,
        driver TEXT COLLATE "C" NOT NULL,
        vehicle TEXT NOT NULL,
        state TEXT NOT NULL
            CHECK (state IN ('open', 'accepted', 'won', 'lost', 'declined', 'expired', 'withdrawn')),
        expires_at TIMESTAMPTZ NOT NULL,
        earns BIGINT NOT NULL
    );
    CREATE INDEX offers_that_wait ON offers (driver, expires_at, offer) WHERE state IN ('open', 'accepted');
    CREATE UNIQUE INDEX one_driver_wins ON offers (dispatch, search) WHERE state = 'won';"#;

const SEARCH: &str = "
    SELECT rider, search, state, rounds, (extract(epoch FROM opened_at) * 1000)::bigint,
        (extract(epoch FROM until) * 1000)::bigint, considered, passed, why::text
    FROM searches WHERE dispatch = $1";
const OFFERS: &str = "
    SELECT offer, dispatch, driver, vehicle, offers.state, (extract(epoch FROM expires_at) * 1000)::bigint, earns,
        trip::text
    FROM offers JOIN searches USING (dispatch)
    WHERE driver = $1 AND offers.state IN ('open', 'accepted') ORDER BY expires_at, offer LIMIT 100";

/// What is asked while somebody waits, for a look at the plans: each has one parameter, a text.
pub const QUESTIONS: [&str; 2] = [SEARCH, OFFERS];

/// The projection `driver-dispatches`. It announces each driver whose offers change, whoever has changed them.
struct DispatchProjection {
    changes: Changes<DriverId, Vec<OfferRow>>,
}

#[async_trait]
impl PgProjection for DispatchProjection {
    const NAME: &'static str = "driver-dispatches";
    const VERSION: u32 = 2;
    const TABLES: &'static [&'static str] = &["searches", "offers", "duties"];
    const MIGRATIONS: &'static [&'static str] = &[TABLES, duties::postgres::TABLE];
    const EXTENSIONS: &'static [&'static str] = &["btree_gist"];

    async fn apply(&self, tx: &mut PgConnection, events: &[&Event]) -> Result<(), PgProjectionError> {
        let changed = Changed::by(events)?;
        let (mut opened, mut moved) = (Vec::new(), Vec::new());
        for (dispatch, change) in changed.searches {
            match change.opened {
                Some(_) => opened.push((dispatch, change)),
                None => moved.push((dispatch, change)),
            }
        }
        let (mut made, mut marked) = (Vec::new(), Vec::new());
        for (offer, OfferChange { made: new, state }) in changed.offers {
            match new {
                Some(new) => made.push((offer, new, word(state))),
                None => marked.push((offer, word(state))),
            }
        }
        open_searches(tx, opened).await?;
        move_searches(tx, moved).await?;
        make_offers(tx, made).await?;
        mark_offers(tx, marked).await?;
        duties::postgres::store(tx, changed.duties).await?;
        Ok(())
    }

    async fn visible(&self, rows: &PgPool, events: &[Event]) {
        if !self.changes.is_watched() {
            return;
        }
        let (mut drivers, offers) = fold::touched(events);
        if !offers.is_empty() {
            let found = sqlx::query_scalar("SELECT DISTINCT driver FROM offers WHERE offer = ANY($1)");
            match found.bind(offers).fetch_all(rows).await {
                Ok(found) => drivers.extend(
                    found
                        .iter()
                        .filter_map(|driver: &String| driver.parse::<DriverId>().ok()),
                ),
                // Streams look for themselves now and then.
                Err(error) => tracing::warn!(%error, "some drivers hear late of their offers"),
            }
        }
        for driver in drivers {
            self.changes.announce(&driver);
        }
    }
}

async fn open_searches(tx: &mut PgConnection, rows: Vec<(String, SearchChange)>) -> sqlx::Result<()> {
    let rows: Vec<(String, NewSearch, SearchChange)> = rows
        .into_iter()
        .filter_map(|(dispatch, mut change)| Some((dispatch, change.opened.take()?, change)))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let none = Considered::default();
    let considered = |change: &SearchChange, of: fn(&Considered) -> u32| {
        i64::from(change.considered.as_ref().map_or(0, of))
    };
    sqlx::query(
        "INSERT INTO searches
             (dispatch, rider, search, state, rounds, opened_at, until, trip, considered, passed, why)
         SELECT dispatch, rider, search, state, rounds, to_timestamp(opened_at / 1000.0),
             to_timestamp(until / 1000.0), trip::json, considered, passed, why::json
         FROM UNNEST($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
             $8::text[], $9::bigint[], $10::bigint[], $11::text[])
             AS new (dispatch, rider, search, state, rounds, opened_at, until, trip, considered, passed, why)
         ON CONFLICT (dispatch) DO UPDATE SET rider = excluded.rider, search = excluded.search,
             state = excluded.state, rounds = excluded.rounds, opened_at = excluded.opened_at,
             until = excluded.until, trip = excluded.trip, considered = excluded.considered,
             passed = excluded.passed, why = excluded.why",
    )
    .bind(column(&rows, |(dispatch, ..)| dispatch.clone()))
    .bind(column(&rows, |(_, new, _)| new.rider.clone()))
    .bind(column(&rows, |(_, new, _)| i64::from(new.search)))
    .bind(column(&rows, |(.., change)| change.state))
    .bind(column(&rows, |(.., change)| i64::from(change.rounds.unwrap_or(0))))
    .bind(column(&rows, |(_, new, _)| new.opened_at))
    .bind(column(&rows, |(_, new, _)| new.until))
    .bind(column(&rows, |(_, new, _)| new.trip.clone()))
    .bind(column(&rows, |(.., change)| considered(change, |of| of.considered)))
    .bind(column(&rows, |(.., change)| considered(change, |of| of.passed)))
    .bind(column(&rows, |(.., change)| {
        change.considered.as_ref().unwrap_or(&none).why.clone()
    }))
    .execute(tx)
    .await?;
    Ok(())
}

async fn move_searches(tx: &mut PgConnection, rows: Vec<(String, SearchChange)>) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let considered =
        |change: &SearchChange, of: fn(&Considered) -> u32| change.considered.as_ref().map(of).map(i64::from);
    sqlx::query(
        "UPDATE searches SET state = coalesce(new.state, searches.state),
             rounds = coalesce(new.rounds, searches.rounds),
             considered = coalesce(new.considered, searches.considered),
             passed = coalesce(new.passed, searches.passed), why = coalesce(new.why::json, searches.why)
         FROM UNNEST($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[])
             AS new (dispatch, state, rounds, considered, passed, why)
         WHERE searches.dispatch = new.dispatch",
    )
    .bind(column(&rows, |(dispatch, _)| dispatch.clone()))
    .bind(column(&rows, |(_, change)| change.state))
    .bind(column(&rows, |(_, change)| change.rounds.map(i64::from)))
    .bind(column(&rows, |(_, change)| {
        considered(change, |of| of.considered)
    }))
    .bind(column(&rows, |(_, change)| considered(change, |of| of.passed)))
    .bind(column(&rows, |(_, change)| {
        change.considered.as_ref().map(|of| of.why.clone())
    }))
    .execute(tx)
    .await?;
    Ok(())
}

async fn make_offers(tx: &mut PgConnection, rows: Vec<(String, NewOffer, String)>) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO offers (offer, dispatch, search, driver, vehicle, state, expires_at, earns)
         SELECT offer, dispatch, search, driver, vehicle, state, to_timestamp(expires_at / 1000.0), earns
         FROM UNNEST($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[],
             $8::bigint[]) AS new (offer, dispatch, search, driver, vehicle, state, expires_at, earns)
         ON CONFLICT (offer) DO UPDATE SET dispatch = excluded.dispatch, search = excluded.search,
             driver = excluded.driver, vehicle = excluded.vehicle, state = excluded.state,
             expires_at = excluded.expires_at, earns = excluded.earns",
    )
    .bind(column(&rows, |(offer, ..)| offer.clone()))
    .bind(column(&rows, |(_, new, _)| new.dispatch.clone()))
    .bind(column(&rows, |(_, new, _)| i64::from(new.search)))
    .bind(column(&rows, |(_, new, _)| new.driver.to_string()))
    .bind(column(&rows, |(_, new, _)| new.vehicle.clone()))
    .bind(column(&rows, |(.., state)| state.clone()))
    .bind(column(&rows, |(_, new, _)| new.expires_at))
    .bind(column(&rows, |(_, new, _)| new.earns))
    .execute(tx)
    .await?;
    Ok(())
}

async fn mark_offers(tx: &mut PgConnection, rows: Vec<(String, String)>) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let (offers, states): (Vec<String>, Vec<String>) = rows.into_iter().unzip();
    sqlx::query(
        "UPDATE offers SET state = new.state FROM UNNEST($1::text[], $2::text[]) AS new (offer, state)
         WHERE offers.offer = new.offer",
    )
    .bind(offers)
    .bind(states)
    .execute(tx)
    .await?;
    Ok(())
}

struct PgDispatches {
    readers: PgReaders,
    changes: Changes<DriverId, Vec<OfferRow>>,
}

#[async_trait]
impl Dispatches for PgDispatches {
    fn watch(&self, driver: DriverId) -> Watch<DriverId, Vec<OfferRow>> {
        self.changes.watch(driver)
    }

    async fn search(&self, dispatch: DispatchId) -> Result<Option<SearchRow>, ReadError> {
        let question = sqlx::query_as(SEARCH).bind(dispatch.to_string());
        let found = question.fetch_optional(self.readers.rows());
        let found: Option<SearchColumns> = self.readers.ask(found).await?;
        found.map(|columns| search(dispatch, columns)).transpose()
    }

    async fn offers(&self, driver: DriverId) -> Result<Vec<OfferRow>, ReadError> {
        let question = sqlx::query_as(OFFERS).bind(driver.to_string());
        let found: Vec<OfferColumns> = self.readers.ask(question.fetch_all(self.readers.rows())).await?;
        found.into_iter().map(offer).collect()
    }

    async fn duties(&self, driver: DriverId, after: Timestamp) -> Result<Vec<DutyRow>, ReadError> {
        duties::postgres::of_driver(&self.readers, driver, after).await
    }
}
