//! How far a projection is, in the schema that has its rows.

use super::parked;
use interstate_eventing::projection::Position;
use interstate_log::PartitionId;
use sqlx::{PgConnection, PgExecutor};
use std::collections::HashSet;

type Columns = (i64, i64, i64, i64);

pub(super) async fn position_of(rows: impl PgExecutor<'_>, source: &PartitionId) -> sqlx::Result<Position> {
    let found: Option<Columns> = sqlx::query_as(
        "SELECT next, sequence, receipt, incarnation FROM positions WHERE service = $1 AND \"partition\" = $2",
    )
    .bind(&*source.service)
    .bind(i64::from(source.index))
    .fetch_optional(rows)
    .await?;
    Ok(found.map(position).unwrap_or_default())
}

fn position((next, sequence, receipt, incarnation): Columns) -> Position {
    Position {
        next: next.cast_unsigned(),
        sequence: sequence.cast_unsigned(),
        receipt: receipt.cast_unsigned(),
        incarnation: u32::try_from(incarnation).unwrap_or_default(),
    }
}

/// Moves the position if it still stands at `from`, and answers with the subjects that wait behind a parked event. It
/// comes first in the transaction: two runners of one partition wait for each other here, and whoever comes second
/// gets nothing.
pub(super) async fn claim(
    tx: &mut PgConnection,
    source: &PartitionId,
    from: u64,
    to: Position,
) -> sqlx::Result<Option<HashSet<String>>> {
    let parked: Option<(bool,)> = sqlx::query_as(
        "INSERT INTO positions AS known (service, \"partition\", next, sequence, receipt, incarnation)
         SELECT $1, $2, $3, $4, $5, $6
         WHERE $7 = 0 OR EXISTS (SELECT FROM positions WHERE service = $1 AND \"partition\" = $2)
         ON CONFLICT (service, \"partition\") DO UPDATE SET next = $3, sequence = $4, receipt = $5, incarnation = $6
         WHERE known.sequence = $7 AND known.receipt <= $5
         RETURNING EXISTS(SELECT FROM parked WHERE service = $1 AND \"partition\" = $2)",
    )
    .bind(&*source.service)
    .bind(i64::from(source.index))
    .bind(to.next.cast_signed())
    .bind(to.sequence.cast_signed())
    .bind(to.receipt.cast_signed())
    .bind(i64::from(to.incarnation))
    .bind(from.cast_signed())
    .fetch_optional(&mut *tx)
    .await?;
    match parked {
        None => Ok(None),
        Some((false,)) => Ok(Some(HashSet::new())),
        // That was how it stood before this waited its turn: what is parked may have been taken up in between.
        Some((true,)) => parked::subjects(tx, source).await.map(Some),
    }
}
