//! Events into rows, within the transaction that moves the position.

use super::{PgProjection, PgProjectionError, parked, position};
use crate::ProjectionError;
use futures::FutureExt;
use interstate_eventing::{
    Event,
    projection::{Applied, Parked, Position, Retried},
};
use interstate_log::PartitionId;
use sqlx::{Acquire, PgConnection, PgPool};
use std::{collections::HashSet, panic::AssertUnwindSafe};

/// Events of one partition, and where they end.
#[derive(Clone, Copy)]
pub(super) struct Events<'e> {
    pub source: &'e PartitionId,
    pub events: &'e [Event],
    pub to: Position,
}

impl Events<'_> {
    /// Takes them up, whole or, where one fails, one by one.
    pub async fn take_up<P: PgProjection>(self, projection: &P, writers: &PgPool) -> sqlx::Result<Applied> {
        match self.whole(projection, writers).await {
            Ok(applied) => Ok(applied),
            Err(ProjectionError::Store(error)) => Err(error),
            Err(ProjectionError::Event(_)) => self.each(projection, writers).await,
        }
    }

    async fn whole<P: PgProjection>(
        self,
        projection: &P,
        writers: &PgPool,
    ) -> Result<Applied, PgProjectionError> {
        let mut tx = writers.begin().await?;
        let Some(waiting) = self.claim(&mut tx).await? else {
            return Ok(self.overtaken(&mut tx).await?);
        };
        let (behind, free): (Vec<&Event>, Vec<&Event>) = self
            .events
            .iter()
            .partition(|event| waiting.contains(&event.subject));
        let behind: Vec<Parked> = behind.into_iter().map(Parked::behind).collect();
        parked::insert(&mut tx, self.source, &behind).await?;
        if !free.is_empty() {
            apply(projection, &mut tx, &free).await?;
        }
        tx.commit().await?;
        Ok(Applied {
            parked: behind.len() as u64,
            overtaken: None,
        })
    }

    /// Each behind a savepoint of its own; what fails is parked.
    async fn each<P: PgProjection>(self, projection: &P, writers: &PgPool) -> sqlx::Result<Applied> {
        let mut tx = writers.begin().await?;
        let Some(mut waiting) = self.claim(&mut tx).await? else {
            return self.overtaken(&mut tx).await;
        };
        let mut failed = Vec::new();
        for event in self.events {
            if let Some(parked) = take_or_park(projection, &mut tx, event, &waiting).await? {
                tracing::warn!(projection = P::NAME, source = %self.source, sequence = event.sequence,
                    subject = event.subject, reason = parked.reason, "an event is parked");
                waiting.insert(event.subject.clone());
                failed.push(parked);
            }
        }
        parked::insert(&mut tx, self.source, &failed).await?;
        tx.commit().await?;
        Ok(Applied {
            parked: failed.len() as u64,
            overtaken: None,
        })
    }

    async fn claim(self, tx: &mut PgConnection) -> sqlx::Result<Option<HashSet<String>>> {
        let first = self.events.first();
        let from = first.map_or(self.to.sequence, |event| event.sequence - 1);
        position::claim(tx, self.source, from, self.to).await
    }

    /// Somebody else was here before.
    async fn overtaken(self, tx: &mut PgConnection) -> sqlx::Result<Applied> {
        let stands = position::position_of(&mut *tx, self.source).await?;
        Ok(Applied {
            parked: 0,
            overtaken: Some(stands),
        })
    }
}

/// Takes what is parked up again, each subject as far as it goes.
pub(super) async fn retry<P: PgProjection>(
    projection: &P,
    writers: &PgPool,
    source: &PartitionId,
) -> sqlx::Result<Retried> {
    let mut tx = writers.begin().await?;
    // Runners of this partition wait: what they read of parked subjects must not change under them.
    sqlx::query("SELECT FROM positions WHERE service = $1 AND \"partition\" = $2 FOR UPDATE")
        .bind(&*source.service)
        .bind(i64::from(source.index))
        .execute(&mut *tx)
        .await?;
    let (mut waiting, mut taken, mut still) = (HashSet::new(), Vec::new(), Vec::new());
    for Parked { event, .. } in &parked::of(&mut *tx, source).await? {
        match take_or_park(projection, &mut tx, event, &waiting).await? {
            None => taken.push(event.sequence.cast_signed()),
            Some(parked) => {
                waiting.insert(event.subject.clone());
                still.push(parked);
            }
        }
    }
    parked::delete(&mut tx, source, &taken).await?;
    parked::insert(&mut tx, source, &still).await?;
    tx.commit().await?;
    Ok(Retried {
        handled: taken.len() as u64,
        parked: still.len() as u64,
    })
}

/// Takes an event up, or says why it has to be parked.
async fn take_or_park<P: PgProjection>(
    projection: &P,
    tx: &mut PgConnection,
    event: &Event,
    waiting: &HashSet<String>,
) -> sqlx::Result<Option<Parked>> {
    if waiting.contains(&event.subject) {
        return Ok(Some(Parked::behind(event)));
    }
    let mut savepoint = tx.begin().await?;
    match apply(projection, &mut savepoint, &[event]).await {
        Ok(()) => {
            savepoint.commit().await?;
            Ok(None)
        }
        Err(ProjectionError::Store(error)) => Err(error),
        Err(ProjectionError::Event(reason)) => {
            savepoint.rollback().await?;
            Ok(Some(Parked::failed(event, reason)))
        }
    }
}

/// A panic is the event's failure: one bad event must not end the runner.
async fn apply<P: PgProjection>(
    projection: &P,
    tx: &mut PgConnection,
    events: &[&Event],
) -> Result<(), PgProjectionError> {
    let applied = AssertUnwindSafe(projection.apply(tx, events)).catch_unwind();
    applied
        .await
        .unwrap_or_else(|_| Err(ProjectionError::event("the projection panicked")))
}
