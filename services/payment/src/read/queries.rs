//! Questions to the read model.

use super::{
    AccountBalance, DriverStatement, DriverTrip, OperationStatus, OperationView, PaymentStatus, PaymentView,
    TrialBalance,
};
use crate::domain::OperationKind;
use interstate_schemas::{BookingId, DriverId, Money, Timestamp};
use sqlx::{Row, SqlitePool, sqlite::SqliteRow};

/// The read model did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store failed.
    #[error("the payment read model cannot be read: {0}")]
    Store(#[from] sqlx::Error),
    /// A row that no event can have made.
    #[error("the payment read model holds `{0}`, which cannot be; rebuild it")]
    Damaged(String),
}

/// Reads of payments.
#[derive(Debug, Clone)]
pub struct PaymentReads {
    pool: SqlitePool,
}

impl PaymentReads {
    /// Reads through this pool.
    pub fn new(pool: SqlitePool) -> Self {
        Self { pool }
    }

    /// The payment of a booking.
    pub async fn payment(&self, booking: BookingId) -> Result<Option<PaymentView>, ReadError> {
        let mut tx = self.pool.begin().await?;
        let key = booking.to_string();
        let row = sqlx::query("SELECT * FROM payments WHERE booking = ?")
            .bind(&key)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let operations = sqlx::query("SELECT * FROM operations WHERE booking = ? ORDER BY number")
            .bind(&key)
            .fetch_all(&mut *tx)
            .await?;
        let status: String = row.try_get("status")?;
        Ok(Some(PaymentView {
            booking,
            rider: optional(&row, "rider")?,
            driver: optional(&row, "driver")?,
            // A payment of which only a void is known holds nothing.
            status: PaymentStatus::parse(&status).unwrap_or(PaymentStatus::Released),
            code: row.try_get("code")?,
            held: money(&row, "held")?,
            captured: money(&row, "captured")?,
            refunded: money(&row, "refunded")?,
            fee: money(&row, "fee")?,
            payable: row.try_get::<Option<i64>, _>("payable")?.map(Money::inr),
            balance: money(&row, "balance")?,
            updated_at: time(row.try_get("updated_at")?)?,
            operations: operations.iter().map(operation).collect::<Result<_, _>>()?,
        }))
    }

    /// What a driver is due, with his latest trips, at most `limit`.
    pub async fn statement(&self, driver: DriverId, limit: u32) -> Result<DriverStatement, ReadError> {
        let mut tx = self.pool.begin().await?;
        let key = driver.to_string();
        let balances = sqlx::query("SELECT account, amount FROM balances WHERE driver = ?")
            .bind(&key)
            .fetch_all(&mut *tx)
            .await?;
        let (mut earned, mut cash) = (Money::ZERO, Money::ZERO);
        for row in &balances {
            match row.try_get::<String, _>("account")?.as_str() {
                "driver_payable" => earned = -money(row, "amount")?,
                "cash_with_driver" => cash = money(row, "amount")?,
                _ => {}
            }
        }
        let trips = sqlx::query(
            "SELECT booking, max(at) AS at,
                    -sum(CASE account WHEN 'driver_payable' THEN amount ELSE 0 END) AS earned,
                    sum(CASE account WHEN 'cash_with_driver' THEN amount ELSE 0 END) AS cash,
                    -sum(CASE account WHEN 'tds_payable' THEN amount ELSE 0 END) AS tds
             FROM postings WHERE driver = ? AND driver <> '' GROUP BY booking ORDER BY at DESC, booking LIMIT ?",
        )
        .bind(&key)
        .bind(i64::from(limit))
        .fetch_all(&mut *tx)
        .await?;
        let trips = trips.iter().map(trip).collect::<Result<_, _>>()?;
        Ok(DriverStatement {
            driver,
            earned,
            cash,
            owed: earned - cash,
            trips,
        })
    }

    /// All accounts with their balances, from the postings themselves.
    pub async fn trial_balance(&self) -> Result<TrialBalance, ReadError> {
        let rows = sqlx::query(
            "SELECT account, sum(amount) AS amount FROM balances GROUP BY account ORDER BY account",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut accounts = Vec::with_capacity(rows.len());
        for row in &rows {
            accounts.push(AccountBalance {
                account: parsed(row, "account")?,
                balance: money(row, "amount")?,
            });
        }
        let total = accounts.iter().map(|account| account.balance).sum();
        Ok(TrialBalance { accounts, total })
    }
}

fn operation(row: &SqliteRow) -> Result<OperationView, ReadError> {
    let kind = match row.try_get::<String, _>("kind")?.as_str() {
        "hold" => OperationKind::Hold,
        "capture" => OperationKind::Capture,
        "charge" => OperationKind::Charge,
        "void" => OperationKind::Void,
        "refund" => OperationKind::Refund,
        other => return Err(ReadError::Damaged(other.to_owned())),
    };
    let status = match row.try_get::<String, _>("status")?.as_str() {
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
        code: row.try_get("code")?,
        requested_at: time(row.try_get("requested_at")?)?,
        closed_at: row
            .try_get::<Option<i64>, _>("closed_at")?
            .map(time)
            .transpose()?,
    })
}

fn trip(row: &SqliteRow) -> Result<DriverTrip, ReadError> {
    Ok(DriverTrip {
        booking: parsed(row, "booking")?,
        earned: money(row, "earned")?,
        cash: money(row, "cash")?,
        tds: money(row, "tds")?,
        at: time(row.try_get("at")?)?,
    })
}

fn money(row: &SqliteRow, column: &str) -> Result<Money, ReadError> {
    Ok(Money::inr(row.try_get(column)?))
}

fn time(milliseconds: i64) -> Result<Timestamp, ReadError> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| ReadError::Damaged(milliseconds.to_string()))
}

fn parsed<T: std::str::FromStr>(row: &SqliteRow, column: &str) -> Result<T, ReadError> {
    let text: String = row.try_get(column)?;
    text.parse().map_err(|_| ReadError::Damaged(text))
}

fn optional<T: std::str::FromStr>(row: &SqliteRow, column: &str) -> Result<Option<T>, ReadError> {
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| text.parse().map_err(|_| ReadError::Damaged(text)))
        .transpose()
}
