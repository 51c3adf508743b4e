//! How far a projection is, in the file that has its rows.

use super::error;
use interstate_eventing::{
    plant::{self, Bug},
    projection::Position,
};
use interstate_log::PartitionId;
use rusqlite::{Connection, OptionalExtension, params};

pub(crate) fn position_of(
    db: &Connection,
    projection: &str,
    source: &PartitionId,
) -> rusqlite::Result<Position> {
    let mut select = db.prepare_cached(
        "SELECT next, sequence, receipt, incarnation FROM positions
         WHERE projection = ? AND service = ? AND \"partition\" = ?",
    )?;
    let found = select.query_row(params![projection, source.service, source.index], |row| {
        let number = |column: &str| row.get::<_, i64>(column).map(i64::cast_unsigned);
        Ok(Position {
            next: number("next")?,
            sequence: number("sequence")?,
            receipt: number("receipt")?,
            incarnation: row.get("incarnation")?,
        })
    });
    Ok(found.optional()?.unwrap_or_default())
}

/// Moves the position, if it still stands at `from`: two runners of one projection must not both take the
/// same events up.
pub(crate) fn move_position(
    tx: &Connection,
    projection: &str,
    source: &PartitionId,
    from: u64,
    to: Position,
) -> rusqlite::Result<()> {
    let mut update = tx.prepare_cached(
        "INSERT INTO positions (projection, service, \"partition\", next, sequence, receipt, incarnation)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT DO UPDATE SET next = ?4, sequence = ?5, receipt = ?6, incarnation = ?7
         WHERE sequence = ?8 OR ?9",
    )?;
    let moved = update.execute(params![
        projection,
        source.service,
        source.index,
        to.next.cast_signed(),
        to.sequence.cast_signed(),
        to.receipt.cast_signed(),
        to.incarnation,
        from.cast_signed(),
        // Each of these writes the position in a transaction of its own, before or after the rows.
        plant::on(Bug::ProjectionSkipsAfterCrash) || plant::on(Bug::PositionOutsideTransaction),
    ])?;
    if moved == 0 {
        return Err(error::of_the_store("somebody else has moved the position"));
    }
    Ok(())
}
