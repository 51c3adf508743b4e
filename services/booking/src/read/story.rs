//! A booking's story as rows.

use super::{HistoryError, row};
use crate::api::StoryEntry;
use interstate_eventing::Event;
use serde_json::Value;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

/// Members of payloads that are large or nobody's business: routes, and tokens of payment methods.
const LEFT_OUT: &[&str] = &["route", "method", "input"];

/// Rows of one statement. Its text is the same for each full one, so that it is prepared once.
const ROWS: usize = 50;
const COLUMNS: usize = 9;

/// Writes what a story tells of these events.
pub(super) async fn write(tx: &mut SqliteConnection, events: &[&Event]) -> Result<(), sqlx::Error> {
    for events in events.chunks(ROWS) {
        let row = format!("(?{})", ", ?".repeat(COLUMNS - 1));
        let sql = format!(
            "INSERT INTO stories (subject, version, event, what, at, actor, causation, correlation, detail)
             VALUES {} ON CONFLICT DO NOTHING",
            vec![row; events.len()].join(", ")
        );
        // Less than a full statement is as long as chance has it: not worth a place among the prepared ones.
        let keep = events.len() == ROWS || events.len() == 1;
        let mut query = sqlx::query(&sql).persistent(keep);
        for event in events {
            query = query
                .bind(&event.subject)
                .bind(event.version.cast_signed())
                .bind(event.id.to_string())
                .bind(event.event_type.as_ref())
                .bind(event.time.as_millisecond())
                .bind(event.actor.to_string())
                .bind(event.causation.to_string())
                .bind(event.correlation.to_string())
                .bind(detail(&event.payload).to_string());
        }
        query.execute(&mut *tx).await?;
    }
    Ok(())
}

pub(super) fn entry(found: &SqliteRow) -> Result<StoryEntry, HistoryError> {
    let detail: String = found.try_get("detail")?;
    Ok(StoryEntry {
        event: found.try_get("event")?,
        what: found.try_get("what")?,
        at: row::time(found, "at")?,
        actor: found.try_get("actor")?,
        causation: found.try_get("causation")?,
        correlation: found.try_get("correlation")?,
        detail: serde_json::from_str(&detail).map_err(|error| row::wrong("detail", &error))?,
    })
}

fn detail(payload: &[u8]) -> Value {
    let mut value: Value = serde_json::from_slice(payload).unwrap_or(Value::Null);
    leave_out(&mut value);
    value
}

fn leave_out(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
        members.values_mut().for_each(leave_out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_holds_no_payment_token() {
        let payload = br#"{"order":{"quote":"q","method":{"kind":"card","token":"tok"},"route":{}}}"#;
        assert_eq!(detail(payload), serde_json::json!({"order": {"quote": "q"}}));
    }
}
