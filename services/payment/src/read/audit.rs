//! Whether the books add up.

use interstate_schemas::Money;

/// Rows that are told of each kind.
pub(super) const MOST: u32 = 100;

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

impl DifferingBalance {
    /// The driver is empty where the account is not kept for each.
    pub(super) fn new(account: &str, driver: &str, kept: i64, posted: i64) -> Self {
        Self {
            account: format!("{account} {driver}").trim_end().to_owned(),
            kept: Money::inr(kept),
            posted: Money::inr(posted),
        }
    }
}
