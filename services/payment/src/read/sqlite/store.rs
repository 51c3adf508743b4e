//! Rows out of the file, and back into it.

use crate::read::{
    PaymentStatus,
    rows::{Books, OperationRow, PaymentRow},
    views::{OperationStatus, cash_word_of},
};
use rusqlite::{Connection, Row, params, types::Type};
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
        support_case: row.get("support_case")?,
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
          cash_confirm_by, credit, support_case, updated_at)
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
            row.support_case,
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
