//! Rows out of the file, and back into it.

use crate::read::{
    PaymentStatus, cases,
    rows::{Books, OperationRow, PaymentRow},
    views::{OperationStatus, cash_word_of},
};
use rusqlite::{Connection, Row, params, params_from_iter, types::Type, types::Value};
use std::collections::BTreeSet;

/// The rows of these bookings.
pub(super) fn load(db: &Connection, bookings: BTreeSet<String>) -> rusqlite::Result<Books> {
    let mut books = Books::default();
    for booking in bookings {
        if let Some(row) = payment(db, &booking)? {
            books.payments.insert(booking.clone(), row);
        }
        let operations = operations(db, &booking)?;
        books.operations.insert(booking, operations);
    }
    Ok(books)
}

pub(super) fn payment(db: &Connection, booking: &str) -> rusqlite::Result<Option<PaymentRow>> {
    let mut select = db.prepare_cached("SELECT * FROM payments WHERE booking = ?")?;
    let mut found = select.query([booking])?;
    found.next()?.map(|row| read_payment(row)).transpose()
}

/// The last booking first.
pub(super) fn payments(
    db: &Connection,
    support_case: Option<bool>,
    after: Option<String>,
    limit: u32,
) -> rusqlite::Result<Vec<PaymentRow>> {
    let mut select = db.prepare_cached(&listing(support_case, after.is_some()))?;
    let mut values: Vec<Value> = after.into_iter().map(Value::from).collect();
    values.push(i64::from(limit).into());
    let found = select.query_map(params_from_iter(values), read_payment)?;
    found.collect()
}

fn listing(support_case: Option<bool>, goes_on: bool) -> String {
    // Spelt out, so that the index of open cases serves.
    let with_case = match support_case {
        Some(true) => "cases IS NOT NULL",
        Some(false) => "cases IS NULL",
        None => "TRUE",
    };
    let paged = if goes_on { "booking < ?" } else { "TRUE" };
    format!("SELECT * FROM payments WHERE {with_case} AND {paged} ORDER BY booking DESC LIMIT ?")
}

/// In the order of their numbers.
pub(super) fn operations(db: &Connection, booking: &str) -> rusqlite::Result<Vec<OperationRow>> {
    let mut select = db.prepare_cached("SELECT * FROM operations WHERE booking = ? ORDER BY number")?;
    let found = select.query_map([booking], read_operation)?;
    found.collect()
}

fn read_payment(row: &Row<'_>) -> rusqlite::Result<PaymentRow> {
    let status: Option<String> = row.get("status")?;
    let cash_state: Option<String> = row.get("cash_state")?;
    Ok(PaymentRow {
        booking: row.get("booking")?,
        rider: row.get("rider")?,
        driver: row.get("driver")?,
        status: known(status, PaymentStatus::parse)?,
        code: row.get("code")?,
        held: row.get("held")?,
        captured: row.get("captured")?,
        refunded: row.get("refunded")?,
        fee: row.get("fee")?,
        payable: row.get("payable")?,
        balance: row.get("balance")?,
        cash: row.get("cash")?,
        cash_state: known(cash_state, cash_word_of)?,
        cash_confirm_by: row.get("cash_confirm_by")?,
        credit: row.get("credit")?,
        cases: cases::parse(row.get("cases")?).map_err(unreadable)?,
        updated_at: row.get("updated_at")?,
    })
}

fn read_operation(row: &Row<'_>) -> rusqlite::Result<OperationRow> {
    let status: String = row.get("status")?;
    Ok(OperationRow {
        operation: row.get("operation")?,
        booking: row.get("booking")?,
        number: row.get("number")?,
        kind: row.get("kind")?,
        amount: row.get("amount")?,
        status: known(Some(status), OperationStatus::parse)?.unwrap_or(OperationStatus::Open),
        code: row.get("code")?,
        provider_reference: row.get("provider_reference")?,
        attempts: row.get("attempts")?,
        requested_at: row.get("requested_at")?,
        closed_at: row.get("closed_at")?,
    })
}

fn unreadable(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into())
}

fn known<T>(word: Option<String>, parse: impl Fn(&str) -> Option<T>) -> rusqlite::Result<Option<T>> {
    let Some(word) = word else { return Ok(None) };
    let unknown = || rusqlite::Error::FromSqlConversionFailure(0, Type::Text, word.clone().into());
    parse(&word).map(Some).ok_or_else(unknown)
}

/// What has become of them.
pub(super) fn write(tx: &Connection, books: &Books) -> rusqlite::Result<()> {
    let mut upsert = tx.prepare_cached(
        "INSERT OR REPLACE INTO payments
         (booking, rider, driver, status, code, held, captured, refunded, fee, payable, balance, cash, cash_state,
          cash_confirm_by, credit, cases, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    for row in books.payments.values() {
        upsert.execute(params![
            row.booking,
            row.rider,
            row.driver,
            row.status.map(PaymentStatus::as_str),
            row.code,
            row.held,
            row.captured,
            row.refunded,
            row.fee,
            row.payable,
            row.balance,
            row.cash,
            row.cash_state,
            row.cash_confirm_by,
            row.credit,
            cases::text(&row.cases),
            row.updated_at
        ])?;
    }
    let mut upsert = tx.prepare_cached(
        "INSERT OR REPLACE INTO operations
         (operation, booking, number, kind, amount, status, code, provider_reference, attempts, requested_at, closed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    for row in books.changed_operations() {
        upsert.execute(params![
            row.operation,
            row.booking,
            row.number,
            row.kind,
            row.amount,
            row.status.as_str(),
            row.code,
            row.provider_reference,
            row.attempts,
            row.requested_at,
            row.closed_at
        ])?;
    }
    let mut insert = tx.prepare_cached(
        "INSERT INTO postings (event, line, booking, entry, account, driver, amount, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    for row in &books.postings {
        insert.execute(params![
            row.event,
            row.line,
            row.booking,
            row.entry,
            row.account,
            row.driver,
            row.amount,
            row.at
        ])?;
    }
    let mut add = tx.prepare_cached(
        "INSERT INTO balances (account, driver, amount) VALUES (?, ?, ?)
         ON CONFLICT (account, driver) DO UPDATE SET amount = amount + excluded.amount",
    )?;
    for ((account, driver), amount) in &books.balances {
        add.execute(params![account, driver, amount])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::sqlite::schema::SCHEMA;

    #[test]
    fn no_list_reads_the_table_from_end_to_end_or_sorts_it() {
        let db = Connection::open_in_memory().unwrap();
        SCHEMA.iter().for_each(|step| db.execute_batch(step).unwrap());
        for (support_case, index) in [
            (Some(true), "payments_with_case"),
            (Some(false), "sqlite_autoindex_payments_1"),
            (None, "sqlite_autoindex_payments_1"),
        ] {
            for goes_on in [false, true] {
                let question = format!("EXPLAIN QUERY PLAN {}", listing(support_case, goes_on));
                let mut explain = db.prepare(&question).unwrap();
                let values = vec![Value::Null; explain.parameter_count()];
                let plan = explain.query_map(params_from_iter(values), |row| row.get::<_, String>("detail"));
                let plan: Vec<String> = plan.unwrap().collect::<Result<_, _>>().unwrap();
                assert!(plan.len() == 1 && plan[0].contains(index), "{question}: {plan:?}");
            }
        }
    }
}
