//! Postings into rows, and the balances that follow from them.

use crate::domain::{Entry, EntryKind};
use sqlx::SqliteConnection;

pub(super) async fn post(
    tx: &mut SqliteConnection,
    event: &str,
    booking: &str,
    at: i64,
    entry: &Entry,
) -> Result<(), sqlx::Error> {
    for (line, posting) in (0i64..).zip(entry.postings()) {
        let driver = posting
            .driver
            .map(|driver| driver.to_string())
            .unwrap_or_default();
        sqlx::query(
            "INSERT INTO postings (event, line, booking, entry, account, driver, amount, at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(event)
        .bind(line)
        .bind(booking)
        .bind(name(entry.kind()))
        .bind(posting.account.as_str())
        .bind(&driver)
        .bind(posting.amount.amount)
        .bind(at)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "INSERT INTO balances (account, driver, amount) VALUES (?, ?, ?)
             ON CONFLICT (account, driver) DO UPDATE SET amount = amount + excluded.amount",
        )
        .bind(posting.account.as_str())
        .bind(&driver)
        .bind(posting.amount.amount)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

fn name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::AdvanceReceived => "advance_received",
        EntryKind::AdvanceApplied => "advance_applied",
        EntryKind::Refund => "refund",
        EntryKind::CancellationFee => "cancellation_fee",
        EntryKind::Settlement => "settlement",
        EntryKind::CashCollected => "cash_collected",
        EntryKind::BalanceReceived => "balance_received",
    }
}
