//! Duties in a schema of PostgreSQL.

use super::{DutyChanges, DutyColumns, DutyRow, DutyStep, Key, NewDuty, duty};
use crate::read::ReadError;
use interstate_schemas::{DriverId, Timestamp};
use interstate_stores::postgres::{PgReaders, column};
use sqlx::PgConnection;

pub const TABLE: &str = r#"
    CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;
    CREATE TABLE duties (
        owner TEXT COLLATE "C" NOT NULL,
        booking TEXT COLLATE "C" NOT NULL,
        search BIGINT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('reserved', 'active', 'closed')),
        since TIMESTAMPTZ NOT NULL,
        on_duty_until TIMESTAMPTZ NOT NULL,
        until TIMESTAMPTZ NOT NULL,
        PRIMARY KEY (owner, booking, search),
        CONSTRAINT nobody_at_two_places EXCLUDE USING gist (owner WITH =, tstzrange(since, until) WITH &&)
            WHERE (state <> 'closed')
    );"#;

/// A driver's duties. The first parameter is the driver, a text; the second a number, milliseconds.
pub const QUESTION: &str = "
    SELECT booking, state, (extract(epoch FROM since) * 1000)::bigint,
        (extract(epoch FROM on_duty_until) * 1000)::bigint, (extract(epoch FROM until) * 1000)::bigint
    FROM duties WHERE owner = $1 AND until > to_timestamp($2 / 1000.0) ORDER BY since, booking LIMIT 200";

/// Writes what a batch of events comes to.
pub async fn store(tx: &mut PgConnection, changed: DutyChanges) -> sqlx::Result<()> {
    step(tx, changed.moved.into_iter().collect()).await?;
    free(tx, changed.freed.into_iter().collect()).await?;
    reserve(tx, changed.reserved.into_iter().collect()).await
}

/// What a driver is shown.
pub async fn of_driver(
    readers: &PgReaders,
    driver: DriverId,
    after: Timestamp,
) -> Result<Vec<DutyRow>, ReadError> {
    let question = sqlx::query_as(QUESTION)
        .bind(driver.to_string())
        .bind(after.as_millisecond());
    let found: Vec<DutyColumns> = readers.ask(question.fetch_all(readers.rows())).await?;
    found.into_iter().map(duty).collect()
}

async fn step(tx: &mut PgConnection, rows: Vec<(Key, DutyStep)>) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE duties SET state = new.state,
             on_duty_until = CASE WHEN new.on_duty_until IS NULL THEN duties.on_duty_until
                 ELSE greatest(since, to_timestamp(new.on_duty_until / 1000.0)) END,
             until = CASE WHEN new.until IS NULL THEN duties.until
                 ELSE greatest(since, to_timestamp(new.until / 1000.0)) END
         FROM UNNEST($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[])
             AS new (owner, booking, search, state, on_duty_until, until)
         WHERE (duties.owner, duties.booking, duties.search) = (new.owner, new.booking, new.search)",
    )
    .bind(column(&rows, |((owner, ..), _)| owner.as_str()))
    .bind(column(&rows, |((_, booking, _), _)| booking.as_str()))
    .bind(column(&rows, |((.., search), _)| i64::from(*search)))
    .bind(column(&rows, |(_, step)| step.state))
    .bind(column(&rows, |(_, step)| {
        step.ended.map(|(on_duty_until, _)| on_duty_until)
    }))
    .bind(column(&rows, |(_, step)| step.ended.map(|(_, until)| until)))
    .execute(tx)
    .await?;
    Ok(())
}

async fn free(tx: &mut PgConnection, rows: Vec<((String, String), u32)>) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "DELETE FROM duties USING UNNEST($1::text[], $2::text[], $3::bigint[]) AS freed (owner, booking, search)
         WHERE (duties.owner, duties.booking) = (freed.owner, freed.booking) AND duties.search <= freed.search
             AND state <> 'closed'",
    )
    .bind(column(&rows, |((owner, _), _)| owner.as_str()))
    .bind(column(&rows, |((_, booking), _)| booking.as_str()))
    .bind(column(&rows, |(_, up_to)| i64::from(*up_to)))
    .execute(tx)
    .await?;
    Ok(())
}

async fn reserve(tx: &mut PgConnection, rows: Vec<(Key, NewDuty)>) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO duties (owner, booking, search, state, since, on_duty_until, until)
         SELECT owner, booking, search, state, to_timestamp(since / 1000.0), to_timestamp(on_duty_until / 1000.0),
             to_timestamp(until / 1000.0)
         FROM UNNEST($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[])
             AS new (owner, booking, search, state, since, on_duty_until, until)",
    )
    .bind(column(&rows, |((owner, ..), _)| owner.as_str()))
    .bind(column(&rows, |((_, booking, _), _)| booking.as_str()))
    .bind(column(&rows, |((.., search), _)| i64::from(*search)))
    .bind(column(&rows, |(_, duty)| duty.state))
    .bind(column(&rows, |(_, duty)| duty.from))
    .bind(column(&rows, |(_, duty)| duty.on_duty_until))
    .bind(column(&rows, |(_, duty)| duty.until))
    .execute(tx)
    .await?;
    Ok(())
}
