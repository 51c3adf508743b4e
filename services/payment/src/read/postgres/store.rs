//! Rows out of the tables, and back into them: one statement a table, whatever the number of rows. Times go as
//! milliseconds.

use crate::read::{
    PaymentStatus, cases,
    rows::{Books, OperationRow, PaymentRow},
    views::{OperationStatus, cash_word_of},
};
use interstate_stores::postgres::column;
use sqlx::{PgConnection, Row, postgres::PgRow};

macro_rules! payments {
    ($which:literal) => {
        concat!(
            "SELECT *, (extract(epoch FROM cash_confirm_by) * 1000)::bigint AS confirm_by,
                    (extract(epoch FROM updated_at) * 1000)::bigint AS updated
             FROM payments WHERE ",
            $which
        )
    };
}

pub(super) const PAYMENTS: &str = payments!("booking = ANY($1)");
pub(super) const ALL: &str = payments!("booking < $1 ORDER BY booking DESC LIMIT $2");
pub(super) const WITH_CASE: &str =
    payments!("cases IS NOT NULL AND booking < $1 ORDER BY booking DESC LIMIT $2");
pub(super) const WITHOUT_CASE: &str =
    payments!("cases IS NULL AND booking < $1 ORDER BY booking DESC LIMIT $2");
pub(super) const OPERATIONS: &str =
    "SELECT *, (extract(epoch FROM requested_at) * 1000)::bigint AS requested,
            (extract(epoch FROM closed_at) * 1000)::bigint AS closed
     FROM operations WHERE booking = ANY($1) ORDER BY booking, number";

/// The rows of these bookings.
pub(super) async fn load(db: &mut PgConnection, bookings: &[String]) -> sqlx::Result<Books> {
    let mut books = Books::default();
    for row in payments(db, bookings).await? {
        books.payments.insert(row.booking.clone(), row);
    }
    for row in operations(db, bookings).await? {
        let of_booking = books.operations.entry(row.booking.clone()).or_default();
        of_booking.push(row);
    }
    Ok(books)
}

pub(super) async fn payments(db: &mut PgConnection, bookings: &[String]) -> sqlx::Result<Vec<PaymentRow>> {
    let rows = sqlx::query(PAYMENTS).bind(bookings).fetch_all(db).await?;
    rows.iter().map(read_payment).collect()
}

/// Those before a booking, the last first.
pub(super) async fn list(
    db: &mut PgConnection,
    support_case: Option<bool>,
    before: &str,
    limit: u32,
) -> sqlx::Result<Vec<PaymentRow>> {
    let question = match support_case {
        Some(true) => WITH_CASE,
        Some(false) => WITHOUT_CASE,
        None => ALL,
    };
    let select = sqlx::query(question).bind(before).bind(i64::from(limit));
    select.fetch_all(db).await?.iter().map(read_payment).collect()
}

/// Those of a booking in the order of their numbers.
pub(super) async fn operations(
    db: &mut PgConnection,
    bookings: &[String],
) -> sqlx::Result<Vec<OperationRow>> {
    let rows = sqlx::query(OPERATIONS).bind(bookings).fetch_all(db).await?;
    rows.iter().map(read_operation).collect()
}

fn read_payment(row: &PgRow) -> sqlx::Result<PaymentRow> {
    Ok(PaymentRow {
        booking: row.try_get("booking")?,
        rider: row.try_get("rider")?,
        driver: row.try_get("driver")?,
        status: known(row.try_get("status")?, PaymentStatus::parse)?,
        code: row.try_get("code")?,
        held: row.try_get("held")?,
        captured: row.try_get("captured")?,
        refunded: row.try_get("refunded")?,
        fee: row.try_get("fee")?,
        payable: row.try_get("payable")?,
        balance: row.try_get("balance")?,
        cash: row.try_get("cash")?,
        cash_state: known(row.try_get("cash_state")?, cash_word_of)?,
        cash_confirm_by: row.try_get("confirm_by")?,
        credit: row.try_get("credit")?,
        cases: cases::parse(row.try_get("cases")?).map_err(|error| sqlx::Error::Decode(error.into()))?,
        updated_at: row.try_get("updated")?,
    })
}

fn read_operation(row: &PgRow) -> sqlx::Result<OperationRow> {
    let status: String = row.try_get("status")?;
    Ok(OperationRow {
        operation: row.try_get("operation")?,
        booking: row.try_get("booking")?,
        number: row.try_get("number")?,
        kind: row.try_get("kind")?,
        amount: row.try_get("amount")?,
        status: known(Some(status), OperationStatus::parse)?.unwrap_or(OperationStatus::Open),
        code: row.try_get("code")?,
        provider_reference: row.try_get("provider_reference")?,
        attempts: row.try_get("attempts")?,
        requested_at: row.try_get("requested")?,
        closed_at: row.try_get("closed")?,
    })
}

fn known<T>(word: Option<String>, parse: impl Fn(&str) -> Option<T>) -> sqlx::Result<Option<T>> {
    let Some(word) = word else { return Ok(None) };
    let unknown = || sqlx::Error::Decode(format!("`{word}` is not a word of this column").into());
    parse(&word).map(Some).ok_or_else(unknown)
}

/// What has become of them. Rows come in the order of their keys, so that two transactions wait for each other in one
/// order only.
pub(super) async fn write(tx: &mut PgConnection, books: &Books) -> sqlx::Result<()> {
    write_payments(tx, &books.payments.values().collect::<Vec<_>>()).await?;
    write_operations(tx, &books.changed_operations().collect::<Vec<_>>()).await?;
    write_postings(tx, books).await
}

async fn write_payments(tx: &mut PgConnection, rows: &[&PaymentRow]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO payments (booking, rider, driver, status, code, held, captured, refunded, fee, payable, balance,
                               cash, cash_state, cash_confirm_by, credit, cases, updated_at)
         SELECT booking, rider, driver, status, code, held, captured, refunded, fee, payable, balance,
                cash, cash_state, to_timestamp(confirm_by / 1000.0), credit, cases, to_timestamp(updated / 1000.0)
         FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
                     $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[],
                     $14::bigint[], $15::bigint[], $16::text[], $17::bigint[])
              AS new (booking, rider, driver, status, code, held, captured, refunded, fee, payable, balance,
                      cash, cash_state, confirm_by, credit, cases, updated)
         ON CONFLICT (booking) DO UPDATE SET
             rider = excluded.rider, driver = excluded.driver, status = excluded.status, code = excluded.code,
             held = excluded.held, captured = excluded.captured, refunded = excluded.refunded, fee = excluded.fee,
             payable = excluded.payable, balance = excluded.balance, cash = excluded.cash,
             cash_state = excluded.cash_state, cash_confirm_by = excluded.cash_confirm_by, credit = excluded.credit,
             cases = excluded.cases, updated_at = excluded.updated_at",
    )
    .bind(column(rows, |row| row.booking.as_str()))
    .bind(column(rows, |row| row.rider.as_deref()))
    .bind(column(rows, |row| row.driver.as_deref()))
    .bind(column(rows, |row| row.status.map(PaymentStatus::as_str)))
    .bind(column(rows, |row| row.code.as_deref()))
    .bind(column(rows, |row| row.held))
    .bind(column(rows, |row| row.captured))
    .bind(column(rows, |row| row.refunded))
    .bind(column(rows, |row| row.fee))
    .bind(column(rows, |row| row.payable))
    .bind(column(rows, |row| row.balance))
    .bind(column(rows, |row| row.cash))
    .bind(column(rows, |row| row.cash_state))
    .bind(column(rows, |row| row.cash_confirm_by))
    .bind(column(rows, |row| row.credit))
    .bind(column(rows, |row| cases::text(&row.cases)))
    .bind(column(rows, |row| row.updated_at))
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_operations(tx: &mut PgConnection, rows: &[&OperationRow]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO operations (operation, booking, number, kind, amount, status, code, provider_reference, attempts,
                                 requested_at, closed_at)
         SELECT operation, booking, number, kind, amount, status, code, reference, attempts,
                to_timestamp(requested / 1000.0), to_timestamp(closed / 1000.0)
         FROM UNNEST($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::text[],
                     $8::text[], $9::bigint[], $10::bigint[], $11::bigint[])
              AS new (operation, booking, number, kind, amount, status, code, reference, attempts, requested, closed)
         ON CONFLICT (operation) DO UPDATE SET
             status = excluded.status, code = excluded.code, provider_reference = excluded.provider_reference,
             attempts = excluded.attempts, closed_at = excluded.closed_at",
    )
    .bind(column(rows, |row| row.operation.as_str()))
    .bind(column(rows, |row| row.booking.as_str()))
    .bind(column(rows, |row| row.number))
    .bind(column(rows, |row| row.kind.as_str()))
    .bind(column(rows, |row| row.amount))
    .bind(column(rows, |row| row.status.as_str()))
    .bind(column(rows, |row| row.code.as_deref()))
    .bind(column(rows, |row| row.provider_reference.as_deref()))
    .bind(column(rows, |row| row.attempts))
    .bind(column(rows, |row| row.requested_at))
    .bind(column(rows, |row| row.closed_at))
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_postings(tx: &mut PgConnection, books: &Books) -> sqlx::Result<()> {
    if books.postings.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = books.postings.iter().collect();
    sqlx::query(
        "INSERT INTO postings (event, line, booking, entry, account, driver, amount, at)
         SELECT event, line, booking, entry, account, driver, amount, to_timestamp(at / 1000.0)
         FROM UNNEST($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
                     $8::bigint[]) AS new (event, line, booking, entry, account, driver, amount, at)",
    )
    .bind(column(&rows, |row| row.event.as_str()))
    .bind(column(&rows, |row| row.line))
    .bind(column(&rows, |row| row.booking.as_str()))
    .bind(column(&rows, |row| row.entry))
    .bind(column(&rows, |row| row.account))
    .bind(column(&rows, |row| row.driver.as_str()))
    .bind(column(&rows, |row| row.amount))
    .bind(column(&rows, |row| row.at))
    .execute(&mut *tx)
    .await?;
    let rows: Vec<_> = books.balances.iter().collect();
    sqlx::query(
        "INSERT INTO balances AS known SELECT * FROM UNNEST($1::text[], $2::text[], $3::bigint[])
         ON CONFLICT (account, driver) DO UPDATE SET amount = known.amount + excluded.amount",
    )
    .bind(rows.iter().map(|((account, _), _)| *account).collect::<Vec<_>>())
    .bind(
        rows.iter()
            .map(|((_, driver), _)| driver.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(rows.iter().map(|(_, amount)| **amount).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
