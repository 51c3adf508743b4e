//! Postings into rows, and the balances that follow from them.

use crate::domain::{Entry, EntryKind};
use interstate_eventing::encode_json;
use rusqlite::{Connection, params};

pub(super) fn post(
    tx: &Connection,
    event: &str,
    booking: &str,
    at: i64,
    entry: &Entry,
) -> Result<(), rusqlite::Error> {
    let postings: Vec<_> = entry
        .postings()
        .iter()
        .map(|posting| {
            let driver = posting.driver.map(|driver| driver.to_string());
            (
                posting.account.as_str(),
                driver.unwrap_or_default(),
                posting.amount.amount,
            )
        })
        .collect();
    let postings = String::from_utf8_lossy(&encode_json(&postings)).into_owned();
    tx.prepare_cached(
        "INSERT INTO postings (event, line, booking, entry, account, driver, amount, at)
         SELECT ?2, key, ?3, ?4, value ->> 0, value ->> 1, value ->> 2, ?5 FROM json_each(?1)",
    )?
    .execute(params![&postings, event, booking, name(entry.kind()), at])?;
    // An entry may post to one account twice, so each line counts by itself.
    tx.prepare_cached(
        "INSERT INTO balances (account, driver, amount)
         SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true
         ON CONFLICT (account, driver) DO UPDATE SET amount = amount + excluded.amount",
    )?
    .execute(params![&postings])?;
    Ok(())
}

fn name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::AdvanceReceived => "advance_received",
        EntryKind::AdvanceApplied => "advance_applied",
        EntryKind::Refund => "refund",
        EntryKind::CancellationFee => "cancellation_fee",
        EntryKind::DriverCompensation => "driver_compensation",
        EntryKind::Settlement => "settlement",
        EntryKind::CashCollected => "cash_collected",
        EntryKind::CashClaimed => "cash_claimed",
        EntryKind::CashConfirmed => "cash_confirmed",
        EntryKind::CashWithdrawn => "cash_withdrawn",
        EntryKind::BalanceReceived => "balance_received",
        EntryKind::RiderCredit => "rider_credit",
    }
}
