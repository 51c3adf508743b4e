//! Questions to the read model.

use super::{
    AccountBalance, CashView, DriverStatement, DriverTrip, OperationStatus, OperationView, PaymentStatus,
    PaymentView, TrialBalance, views::cash_state,
};
use crate::domain::OperationKind;
use interstate_schemas::{BookingId, DriverId, Money, Timestamp};
use interstate_stores::Readers;
use rusqlite::{Connection, Row};

/// The read model did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store failed.
    #[error("the payment read model cannot be read: {0}")]
    Store(#[from] rusqlite::Error),
    /// A row that no event can have made.
    #[error("the payment read model holds `{0}`, which cannot be; rebuild it")]
    Damaged(String),
}

/// Reads of payments.
#[derive(Debug, Clone)]
pub struct PaymentReads {
    pub(super) rows: Readers,
}

impl PaymentReads {
    /// Reads these rows.
    pub fn new(rows: Readers) -> Self {
        Self { rows }
    }

    /// The payment of a booking.
    pub async fn payment(&self, booking: BookingId) -> Result<Option<PaymentView>, ReadError> {
        let found = self.rows.read(move |rows| {
            // Both from one state of the file.
            let tx = rows.unchecked_transaction()?;
            payment(&tx, booking)
        });
        found.await
    }

    /// What a driver is due, with his latest trips, at most `limit`.
    pub async fn statement(&self, driver: DriverId, limit: u32) -> Result<DriverStatement, ReadError> {
        let found = self.rows.read(move |rows| {
            let tx = rows.unchecked_transaction()?;
            statement(&tx, driver, limit)
        });
        found.await
    }

    /// All accounts with their balances, from the postings themselves.
    pub async fn trial_balance(&self) -> Result<TrialBalance, ReadError> {
        let accounts = self.rows.read(|rows| {
            let mut select = rows.prepare_cached(
                "SELECT account, sum(amount) AS amount FROM balances GROUP BY account ORDER BY account",
            )?;
            let accounts = select.query_and_then([], |row| {
                Ok(AccountBalance {
                    account: parsed(row, "account")?,
                    balance: money(row, "amount")?,
                })
            })?;
            accounts.collect::<Result<Vec<_>, ReadError>>()
        });
        let accounts = accounts.await?;
        let total = accounts.iter().map(|account| account.balance).sum();
        Ok(TrialBalance { accounts, total })
    }
}

fn payment(rows: &Connection, booking: BookingId) -> Result<Option<PaymentView>, ReadError> {
    let key = booking.to_string();
    let mut select = rows.prepare_cached("SELECT * FROM payments WHERE booking = ?")?;
    let mut found = select.query([&key])?;
    let Some(row) = found.next()? else { return Ok(None) };
    let mut select = rows.prepare_cached("SELECT * FROM operations WHERE booking = ? ORDER BY number")?;
    let operations = select.query_and_then([&key], operation)?;
    let status: String = row.get("status")?;
    Ok(Some(PaymentView {
        booking,
        rider: optional(row, "rider")?,
        driver: optional(row, "driver")?,
        // A payment of which only a void is known holds nothing.
        status: PaymentStatus::parse(&status).unwrap_or(PaymentStatus::Released),
        code: row.get("code")?,
        held: money(row, "held")?,
        captured: money(row, "captured")?,
        refunded: money(row, "refunded")?,
        fee: money(row, "fee")?,
        payable: row.get::<_, Option<i64>>("payable")?.map(Money::inr),
        balance: money(row, "balance")?,
        cash: cash(row)?,
        credit: money(row, "credit")?,
        support_case: optional(row, "support_case")?,
        updated_at: time(row.get("updated_at")?)?,
        operations: operations.collect::<Result<_, _>>()?,
    }))
}

fn cash(row: &Row<'_>) -> Result<Option<CashView>, ReadError> {
    let Some(word) = row.get::<_, Option<String>>("cash_state")? else {
        return Ok(None);
    };
    let state = cash_state(&word).ok_or(ReadError::Damaged(word))?;
    let confirm_by = row.get::<_, Option<i64>>("cash_confirm_by")?;
    Ok(Some(CashView {
        amount: money(row, "cash")?,
        state,
        confirm_by: confirm_by.map(time).transpose()?,
    }))
}

fn statement(rows: &Connection, driver: DriverId, limit: u32) -> Result<DriverStatement, ReadError> {
    let key = driver.to_string();
    let (mut earned, mut cash) = (Money::ZERO, Money::ZERO);
    let mut select = rows.prepare_cached("SELECT account, amount FROM balances WHERE driver = ?")?;
    let mut balances = select.query([&key])?;
    while let Some(row) = balances.next()? {
        match row.get_ref("account")?.as_str().unwrap_or_default() {
            "driver_payable" => earned = -money(row, "amount")?,
            "cash_with_driver" => cash = money(row, "amount")?,
            _ => {}
        }
    }
    let mut select = rows.prepare_cached(
        "SELECT booking, max(at) AS at,
                -sum(CASE account WHEN 'driver_payable' THEN amount ELSE 0 END) AS earned,
                sum(CASE account WHEN 'cash_with_driver' THEN amount ELSE 0 END) AS cash,
                -sum(CASE account WHEN 'tds_payable' THEN amount ELSE 0 END) AS tds
         FROM postings WHERE driver = ? AND driver <> '' GROUP BY booking ORDER BY at DESC, booking LIMIT ?",
    )?;
    let trips = select.query_and_then((&key, limit), trip)?;
    Ok(DriverStatement {
        driver,
        earned,
        cash,
        owed: earned - cash,
        trips: trips.collect::<Result<_, _>>()?,
    })
}

fn operation(row: &Row<'_>) -> Result<OperationView, ReadError> {
    let kind = match row.get::<_, String>("kind")?.as_str() {
        "hold" => OperationKind::Hold,
        "capture" => OperationKind::Capture,
        "charge" => OperationKind::Charge,
        "void" => OperationKind::Void,
        "refund" => OperationKind::Refund,
        other => return Err(ReadError::Damaged(other.to_owned())),
    };
    let status = match row.get::<_, String>("status")?.as_str() {
        "open" => OperationStatus::Open,
        "succeeded" => OperationStatus::Succeeded,
        "refused" => OperationStatus::Refused,
        other => return Err(ReadError::Damaged(other.to_owned())),
    };
    Ok(OperationView {
        operation: parsed(row, "operation")?,
        kind,
        amount: money(row, "amount")?,
        status,
        code: row.get("code")?,
        requested_at: time(row.get("requested_at")?)?,
        closed_at: row.get::<_, Option<i64>>("closed_at")?.map(time).transpose()?,
    })
}

fn trip(row: &Row<'_>) -> Result<DriverTrip, ReadError> {
    Ok(DriverTrip {
        booking: parsed(row, "booking")?,
        earned: money(row, "earned")?,
        cash: money(row, "cash")?,
        tds: money(row, "tds")?,
        at: time(row.get("at")?)?,
    })
}

fn money(row: &Row<'_>, column: &str) -> Result<Money, ReadError> {
    Ok(Money::inr(row.get(column)?))
}

fn time(milliseconds: i64) -> Result<Timestamp, ReadError> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| ReadError::Damaged(milliseconds.to_string()))
}

fn parsed<T: std::str::FromStr>(row: &Row<'_>, column: &str) -> Result<T, ReadError> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| ReadError::Damaged(text))
}

fn optional<T: std::str::FromStr>(row: &Row<'_>, column: &str) -> Result<Option<T>, ReadError> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|_| ReadError::Damaged(text)))
        .transpose()
}
