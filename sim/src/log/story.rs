//! Committed records in words.

use interstate_eventing::{envelope::RECEIPT_TYPE, receipt::Receipt};
use interstate_log::Record;

/// A line for each event and each receipt.
pub(super) fn lines<'r>(records: impl Iterator<Item = &'r Record>) -> Vec<String> {
    records.map(line).collect()
}

fn line(record: &Record) -> String {
    let kind = record.header_str("ce_type").unwrap_or("?");
    if kind != RECEIPT_TYPE {
        let key = String::from_utf8_lossy(&record.key);
        let sequence = record.header_str("ce_sequence").unwrap_or("?");
        let body = String::from_utf8_lossy(&record.payload);
        return format!("#{sequence} {key} {kind} {body}");
    }
    match Receipt::from_record(record) {
        Ok(Some(receipt)) => format!(
            "-- receipt {} ({:?}), up to #{}, commands below {}, {} outcomes, {} messages, {} parked",
            receipt.number,
            receipt.occasion,
            receipt.last,
            receipt.commands,
            receipt.outcomes.len(),
            receipt.messages.len(),
            receipt.parked.len()
        ),
        _ => "-- a receipt that cannot be read".to_owned(),
    }
}
