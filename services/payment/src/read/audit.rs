//! Whether the books add up, in the store's own words.

use super::{PaymentReads, ReadError};
use interstate_schemas::Money;

/// Rows that are told of each kind.
const MOST: u32 = 100;

/// What does not add up. Both lists are empty in books that do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalAudit {
    /// Entries looked at.
    pub entries: u64,
    /// Entries whose postings do not sum to zero.
    pub unbalanced: Vec<UnbalancedEntry>,
    /// Accounts whose balance is not the sum of their postings.
    pub differing: Vec<DifferingBalance>,
}

/// An entry whose postings do not sum to zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnbalancedEntry {
    /// The event that posted it.
    pub event: String,
    /// Of which booking.
    pub booking: String,
    /// What it books.
    pub kind: String,
    /// What it sums to.
    pub sum: Money,
}

/// An account whose balance is not the sum of its postings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferingBalance {
    /// Its name, with the driver where it is kept for each.
    pub account: String,
    /// The balance.
    pub kept: Money,
    /// The sum.
    pub posted: Money,
}

impl PaymentReads {
    /// Adds the journal up.
    ///
    /// # Errors
    /// A [`ReadError`].
    pub async fn audit(&self) -> Result<JournalAudit, ReadError> {
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
                Ok(DifferingBalance {
                    account: format!("{account} {driver}").trim_end().to_owned(),
                    kept: Money::inr(row.get(2)?),
                    posted: Money::inr(row.get(3)?),
                })
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
