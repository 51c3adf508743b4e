//! Questions to the file.

use super::store;
use crate::read::{
    AccountBalance, DifferingBalance, DriverStatement, JournalAudit, PaymentReads, PaymentView, ReadError,
    TrialBalance, UnbalancedEntry, audit::MOST, shown,
};
use async_trait::async_trait;
use interstate_schemas::{BookingId, DriverId, Money};
use interstate_stores::Readers;
use rusqlite::Connection;

/// Reads of payments in a file.
#[derive(Debug, Clone)]
pub struct SqlitePayments {
    rows: Readers,
}

impl SqlitePayments {
    /// Reads these rows.
    pub fn new(rows: Readers) -> Self {
        Self { rows }
    }
}

#[async_trait]
impl PaymentReads for SqlitePayments {
    async fn payment(&self, booking: BookingId) -> Result<Option<PaymentView>, ReadError> {
        let found = self.rows.read(move |rows| {
            // Both from one state of the file.
            let tx = rows.unchecked_transaction()?;
            let key = booking.to_string();
            let Some(row) = store::payment(&tx, &key)? else {
                return Ok(None);
            };
            shown::payment(row, store::operations(&tx, &key)?).map(Some)
        });
        found.await
    }

    async fn list(
        &self,
        support_case: Option<bool>,
        after: Option<BookingId>,
        limit: u32,
    ) -> Result<Vec<PaymentView>, ReadError> {
        let found = self.rows.read(move |rows| {
            let tx = rows.unchecked_transaction()?;
            let after = after.map(|booking| booking.to_string());
            let listed = store::payments(&tx, support_case, after, limit)?;
            let listed = listed.into_iter().map(|row| {
                let operations = store::operations(&tx, &row.booking)?;
                shown::payment(row, operations)
            });
            listed.collect()
        });
        found.await
    }

    async fn statement(&self, driver: DriverId, limit: u32) -> Result<DriverStatement, ReadError> {
        let found = self.rows.read(move |rows| {
            let tx = rows.unchecked_transaction()?;
            statement(&tx, driver, limit)
        });
        found.await
    }

    async fn trial_balance(&self) -> Result<TrialBalance, ReadError> {
        let accounts = self.rows.read(|rows| {
            let mut select = rows.prepare_cached(
                "SELECT account, sum(amount) FROM balances GROUP BY account ORDER BY account",
            )?;
            let accounts = select.query_and_then([], |row| {
                Ok(AccountBalance {
                    account: shown::parsed(row.get(0)?)?,
                    balance: Money::inr(row.get(1)?),
                })
            })?;
            accounts.collect::<Result<Vec<_>, ReadError>>()
        });
        Ok(TrialBalance::of(accounts.await?))
    }

    async fn audit(&self) -> Result<JournalAudit, ReadError> {
        let found = self.rows.read(|rows| {
            // All from one state of the file.
            let tx = rows.unchecked_transaction()?;
            let entries: i64 =
                tx.query_row("SELECT count(DISTINCT event) FROM postings", [], |row| row.get(0))?;
            let mut select = tx.prepare_cached(
                "SELECT event, booking, entry, sum(amount) FROM postings
                 GROUP BY event HAVING sum(amount) <> 0 ORDER BY event LIMIT ?",
            )?;
            let unbalanced = select.query_map([MOST], |row| {
                Ok(UnbalancedEntry {
                    event: row.get(0)?,
                    booking: row.get(1)?,
                    kind: row.get(2)?,
                    sum: Money::inr(row.get(3)?),
                })
            })?;
            let unbalanced = unbalanced.collect::<Result<_, _>>()?;
            let mut select = tx.prepare_cached(
                "SELECT account, driver, sum(kept), sum(posted) FROM (
                     SELECT account, driver, amount AS kept, 0 AS posted FROM balances
                     UNION ALL SELECT account, driver, 0, amount FROM postings
                 ) GROUP BY account, driver HAVING sum(kept) <> sum(posted) ORDER BY 1, 2 LIMIT ?",
            )?;
            let differing = select.query_map([MOST], |row| {
                let (account, driver): (String, String) = (row.get(0)?, row.get(1)?);
                Ok(DifferingBalance::new(&account, &driver, row.get(2)?, row.get(3)?))
            })?;
            let differing = differing.collect::<Result<_, _>>()?;
            Ok::<_, ReadError>(JournalAudit {
                entries: entries.unsigned_abs(),
                unbalanced,
                differing,
            })
        });
        found.await
    }
}

fn statement(rows: &Connection, driver: DriverId, limit: u32) -> Result<DriverStatement, ReadError> {
    let key = driver.to_string();
    let mut select = rows.prepare_cached("SELECT account, amount FROM balances WHERE driver = ?")?;
    let accounts = select.query_map([&key], |row| <(String, i64)>::try_from(row))?;
    let accounts = accounts.collect::<Result<_, _>>()?;
    let mut select = rows.prepare_cached(
        "SELECT booking, max(at) AS at,
                -sum(CASE account WHEN 'driver_payable' THEN amount ELSE 0 END) AS earned,
                sum(CASE account WHEN 'cash_with_driver' THEN amount ELSE 0 END) AS cash,
                -sum(CASE account WHEN 'tds_payable' THEN amount ELSE 0 END) AS tds
         FROM postings WHERE driver = ? AND driver <> '' GROUP BY booking ORDER BY at DESC, booking LIMIT ?",
    )?;
    let trips = select.query_map((&key, limit), |row| {
        Ok(shown::TripSums {
            booking: row.get("booking")?,
            at: row.get("at")?,
            earned: row.get("earned")?,
            cash: row.get("cash")?,
            tds: row.get("tds")?,
        })
    })?;
    shown::statement(driver, accounts, trips.collect::<Result<_, _>>()?)
}
