//! Questions to the tables.

use super::store;
use crate::read::{
    AccountBalance, DifferingBalance, DriverStatement, JournalAudit, PaymentReads, PaymentView, ReadError,
    TrialBalance, UnbalancedEntry, audit::MOST, rows::OperationRow, shown,
};
use async_trait::async_trait;
use interstate_schemas::{BookingId, DriverId, Money};
use interstate_stores::postgres::PgReaders;
use sqlx::{Postgres, Transaction};
use std::collections::BTreeMap;

/// Where a list begins that begins with the last booking: behind the last that there can be. One text for all pages, so
/// that each has the same index.
fn after_all() -> String {
    format!("{}_7ZZZZZZZZZZZZZZZZZZZZZZZZZ", BookingId::PREFIX)
}

/// Reads of payments on a server.
pub(super) struct PgPayments {
    readers: PgReaders,
}

pub(super) const ACCOUNTS_OF_DRIVER: &str =
    "SELECT account, amount FROM balances WHERE driver = $1 AND driver <> ''";
pub(super) const TRIPS_OF_DRIVER: &str =
    "SELECT booking, (extract(epoch FROM max(at)) * 1000)::bigint,
            coalesce(-sum(amount) FILTER (WHERE account = 'driver_payable'), 0)::bigint,
            coalesce(sum(amount) FILTER (WHERE account = 'cash_with_driver'), 0)::bigint,
            coalesce(-sum(amount) FILTER (WHERE account = 'tds_payable'), 0)::bigint
     FROM postings WHERE driver = $1 AND driver <> '' GROUP BY booking ORDER BY max(at) DESC, booking LIMIT $2";

impl PgPayments {
    pub(super) fn new(readers: PgReaders) -> Self {
        Self { readers }
    }

    /// Several questions to one state of the tables.
    async fn snapshot(&self) -> sqlx::Result<Transaction<'static, Postgres>> {
        self.readers
            .rows()
            .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            .await
    }
}

#[async_trait]
impl PaymentReads for PgPayments {
    async fn payment(&self, booking: BookingId) -> Result<Option<PaymentView>, ReadError> {
        let key = [booking.to_string()];
        let found = self.readers.ask(async {
            let mut tx = self.snapshot().await?;
            let Some(row) = store::payments(&mut tx, &key).await?.pop() else {
                return Ok(None);
            };
            let operations = store::operations(&mut tx, &key).await?;
            tx.commit().await?;
            Ok(Some((row, operations)))
        });
        let Some((row, operations)) = found.await? else {
            return Ok(None);
        };
        shown::payment(row, operations).map(Some)
    }

    async fn list(
        &self,
        support_case: Option<bool>,
        after: Option<BookingId>,
        limit: u32,
    ) -> Result<Vec<PaymentView>, ReadError> {
        let before = after.map_or_else(after_all, |booking| booking.to_string());
        let found = self.readers.ask(async {
            let mut tx = self.snapshot().await?;
            let rows = store::list(&mut tx, support_case, &before, limit).await?;
            let keys: Vec<String> = rows.iter().map(|row| row.booking.clone()).collect();
            let operations = store::operations(&mut tx, &keys).await?;
            tx.commit().await?;
            Ok((rows, operations))
        });
        let (rows, operations) = found.await?;
        let mut of: BTreeMap<String, Vec<OperationRow>> = BTreeMap::new();
        for operation in operations {
            of.entry(operation.booking.clone()).or_default().push(operation);
        }
        let listed = rows.into_iter().map(|row| {
            let operations = of.remove(&row.booking).unwrap_or_default();
            shown::payment(row, operations)
        });
        listed.collect()
    }

    async fn statement(&self, driver: DriverId, limit: u32) -> Result<DriverStatement, ReadError> {
        let key = driver.to_string();
        let found = self.readers.ask(async {
            let mut tx = self.snapshot().await?;
            let accounts = sqlx::query_as(ACCOUNTS_OF_DRIVER)
                .bind(&key)
                .fetch_all(&mut *tx)
                .await?;
            let trips: Vec<(String, i64, i64, i64, i64)> = sqlx::query_as(TRIPS_OF_DRIVER)
                .bind(&key)
                .bind(i64::from(limit))
                .fetch_all(&mut *tx)
                .await?;
            tx.commit().await?;
            Ok((accounts, trips))
        });
        let (accounts, trips) = found.await?;
        let trips = trips
            .into_iter()
            .map(|(booking, at, earned, cash, tds)| shown::TripSums {
                booking,
                at,
                earned,
                cash,
                tds,
            });
        shown::statement(driver, accounts, trips.collect())
    }

    async fn trial_balance(&self) -> Result<TrialBalance, ReadError> {
        let select = "SELECT account, sum(amount)::bigint FROM balances GROUP BY account ORDER BY account";
        let question = sqlx::query_as(select).fetch_all(self.readers.rows());
        let accounts: Vec<(String, i64)> = self.readers.ask(question).await?;
        let accounts = accounts.into_iter().map(|(account, balance)| {
            Ok(AccountBalance {
                account: shown::parsed(account)?,
                balance: Money::inr(balance),
            })
        });
        Ok(TrialBalance::of(accounts.collect::<Result<_, ReadError>>()?))
    }

    async fn audit(&self) -> Result<JournalAudit, ReadError> {
        let found = self.readers.ask_at_length(async {
            let mut tx = self.snapshot().await?;
            let entries: i64 = sqlx::query_scalar("SELECT count(DISTINCT event) FROM postings")
                .fetch_one(&mut *tx)
                .await?;
            let unbalanced: Vec<(String, String, String, i64)> = sqlx::query_as(
                "SELECT event, min(booking), min(entry), sum(amount)::bigint FROM postings
                 GROUP BY event HAVING sum(amount) <> 0 ORDER BY event LIMIT $1",
            )
            .bind(i64::from(MOST))
            .fetch_all(&mut *tx)
            .await?;
            let differing: Vec<(String, String, i64, i64)> = sqlx::query_as(
                "SELECT account, driver, sum(kept)::bigint, sum(posted)::bigint FROM (
                     SELECT account, driver, amount AS kept, 0 AS posted FROM balances
                     UNION ALL SELECT account, driver, 0, amount FROM postings
                 ) AS both_sides GROUP BY account, driver HAVING sum(kept) <> sum(posted) ORDER BY 1, 2 LIMIT $1",
            )
            .bind(i64::from(MOST))
            .fetch_all(&mut *tx)
            .await?;
            tx.commit().await?;
            Ok((entries, unbalanced, differing))
        });
        let (entries, unbalanced, differing) = found.await?;
        let unbalanced = unbalanced
            .into_iter()
            .map(|(event, booking, kind, sum)| UnbalancedEntry {
                event,
                booking,
                kind,
                sum: Money::inr(sum),
            });
        let differing = differing
            .into_iter()
            .map(|(account, driver, kept, posted)| DifferingBalance::new(&account, &driver, kept, posted));
        Ok(JournalAudit {
            entries: entries.unsigned_abs(),
            unbalanced: unbalanced.collect(),
            differing: differing.collect(),
        })
    }
}
