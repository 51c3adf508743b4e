//! A booking's story as rows.

use super::{
    super::{HistoryError, StoryEntry, row::wrong, story::detail},
    row,
};
use interstate_eventing::Event;
use rusqlite::{Connection, Row, params};

/// Writes what a story tells of these events, in the order of the table's key: neighbours share pages.
pub(super) fn write(tx: &Connection, events: &[&Event]) -> rusqlite::Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO stories (subject, version, event, what, at, actor, causation, correlation, detail)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )?;
    let mut events = events.to_vec();
    events.sort_by(|a, b| (&a.subject, a.version).cmp(&(&b.subject, b.version)));
    for event in events {
        insert.execute(params![
            event.subject,
            event.version.cast_signed(),
            event.id.to_string(),
            event.event_type,
            event.time.as_millisecond(),
            event.actor.to_string(),
            event.causation.to_string(),
            event.correlation.to_string(),
            detail(&event.payload),
        ])?;
    }
    Ok(())
}

pub(super) fn entry(found: &Row<'_>) -> Result<StoryEntry, HistoryError> {
    let detail: String = found.get("detail")?;
    Ok(StoryEntry {
        event: found.get("event")?,
        what: found.get("what")?,
        at: row::time(found, "at")?,
        actor: found.get("actor")?,
        causation: found.get("causation")?,
        correlation: found.get("correlation")?,
        detail: serde_json::from_str(&detail).map_err(|error| wrong("detail", &error))?,
    })
}
