//! Events into documents of one generation: read, fold, write with guards, and again where somebody else has written
//! meanwhile. Doing all of it twice changes nothing.

use super::{
    MongoError, MongoProjection, MongoReadModel, Step, bulk,
    fold::{Batch, Expiry, Folded, Waiting},
    parked::Aside,
    readers,
};
use futures::{TryStreamExt, future::try_join};
use interstate_eventing::{
    Event,
    projection::{Parked, Retried},
    runtime::MachineClock,
};
use interstate_log::PartitionId;
use interstate_schemas::SignedDuration;
use mongodb::bson::{RawDocumentBuf, doc};
use std::{sync::Arc, time::Duration};

/// How often a batch is folded anew because somebody else has written its documents. The partitions of one service
/// meet in few documents, and each conflict means that another one has gone on.
const TRIES: u32 = 50;
/// What a runner is told that has to begin again from the stored position.
pub(super) const GONE_BACK: &str =
    "the position has gone back, or a rebuilt read model was put in use; it is read again";
/// Documents of one question.
const PAGE: usize = 1_000;
/// Batches of more events are folded where they hold nobody up.
const FEW: usize = 50;
/// Parked events that are taken up together.
const RETRIED: i64 = 5_000;

impl<P: MongoProjection> MongoReadModel<P> {
    pub(super) fn aside(&self, generation: i64) -> Aside<'_> {
        Aside {
            db: &self.db,
            projection: P::NAME,
            generation,
        }
    }

    /// Takes events up that follow each other, and parks what cannot be. To move the position is the caller's; `from` is
    /// where it has to stand, at least, or nothing where that is the caller's too.
    pub(super) async fn take_up(
        &self,
        generation: i64,
        source: &PartitionId,
        events: Vec<Event>,
        from: Option<u64>,
    ) -> Result<Folded<P::Document>, MongoError> {
        let batch = Batch::new(&*self.projection, events);
        let at = from.map(|from| (source, from));
        let aside = self.aside(generation);
        let waiting = aside.waiting(source, batch.subjects());
        let (waiting, found) = try_join(waiting, self.load_at(generation, &batch, at)).await?;
        let folded = self.write(generation, &batch, at, waiting, found).await?;
        // After the documents: what another partition writes meanwhile may be what a failing event lacks.
        aside.insert(source, &folded.parked, &*self.steps).await?;
        self.reach(Step::Parked).await?;
        Ok(folded)
    }

    /// Takes what is parked up again, each subject as far as it goes. A process that ends in between leaves events
    /// parked that their documents have: the next time they are passed over, and go.
    pub(super) async fn take_up_again(
        &self,
        generation: i64,
        source: &PartitionId,
    ) -> Result<(Retried, Vec<(String, P::Document)>), MongoError> {
        let aside = self.aside(generation);
        let events: Vec<Event> = aside
            .of(source, Some(RETRIED))
            .await?
            .into_iter()
            .map(|parked| parked.event)
            .collect();
        let batch = Batch::new(&*self.projection, events);
        let found = self.load(generation, &batch).await?;
        let folded = self
            .write(generation, &batch, None, Waiting::default(), found)
            .await?;
        let failed = |sequence: &u64| {
            folded
                .parked
                .iter()
                .any(|parked: &Parked| parked.event.sequence == *sequence)
        };
        let done: Vec<u64> = batch
            .events
            .iter()
            .map(|event| event.sequence)
            .filter(|sequence| !failed(sequence))
            .collect();
        aside.remove(source, &done).await?;
        aside.renew(source, &folded.parked, &*self.steps).await?;
        let retried = Retried {
            handled: done.len() as u64,
            parked: aside.count(source).await?,
        };
        Ok((retried, folded.documents))
    }

    /// Folds and writes until each document has what it should.
    async fn write(
        &self,
        generation: i64,
        batch: &Arc<Batch>,
        at: Option<(&PartitionId, u64)>,
        waiting: Waiting,
        mut found: Vec<RawDocumentBuf>,
    ) -> Result<Folded<P::Document>, MongoError> {
        self.reach(Step::Loaded).await?;
        let collection = readers::collection(P::NAME, generation);
        for tried in 0..TRIES {
            let folded = self.fold(batch, found, waiting.clone()).await?;
            if bulk::write(&self.db, &collection, &folded.writes, &*self.steps).await? {
                self.reach(Step::Documents).await?;
                return Ok(folded);
            }
            tokio::time::sleep(Duration::from_millis(u64::from(tried))).await;
            found = self.load_at(generation, batch, at).await?;
        }
        Err(self.db.failed(format!(
            "others have written the same documents {TRIES} times meanwhile"
        )))
    }

    async fn fold(
        &self,
        batch: &Arc<Batch>,
        found: Vec<RawDocumentBuf>,
        waiting: Waiting,
    ) -> Result<Folded<P::Document>, MongoError> {
        let kept = SignedDuration::try_from(self.kept).unwrap_or(SignedDuration::MAX);
        // The server goes by the machines' time, whatever log time is.
        let expiry = Expiry {
            now: MachineClock::machine_now(),
            kept,
        };
        if batch.events.len() <= FEW {
            return batch.fold(&*self.projection, found, waiting, expiry);
        }
        let (batch, projection) = (batch.clone(), self.projection.clone());
        let folded = tokio::task::spawn_blocking(move || batch.fold(&*projection, found, waiting, expiry));
        folded.await.map_err(|error| self.db.failed(error.to_string()))?
    }

    /// The documents of a batch, if the position is still where the batch goes on. A server that came back with less has
    /// older documents: one that took these events would pass over those in between, once they are read again.
    async fn load_at(
        &self,
        generation: i64,
        batch: &Batch,
        at: Option<(&PartitionId, u64)>,
    ) -> Result<Vec<RawDocumentBuf>, MongoError> {
        let Some((source, from)) = at else {
            return self.load(generation, batch).await;
        };
        // One after the other: documents of before the position would pass.
        let found = self.load(generation, batch).await?;
        let state = self.states.read().await?;
        let stands = state.filter(|state| state.generation == generation);
        if stands.is_none_or(|state| state.position(source).sequence < from) {
            return Err(self.db.failed(GONE_BACK));
        }
        Ok(found)
    }

    async fn load(&self, generation: i64, batch: &Batch) -> Result<Vec<RawDocumentBuf>, MongoError> {
        let collection = self
            .db
            .collection::<RawDocumentBuf>(&readers::collection(P::NAME, generation));
        let ids = Vec::from_iter(batch.documents());
        let mut all = Vec::new();
        for some in ids.chunks(PAGE) {
            let only = doc! { "_id": { "$in": some } };
            let page = u32::try_from(PAGE).unwrap_or(u32::MAX);
            let found = async {
                collection
                    .find(only)
                    .batch_size(page)
                    .await?
                    .try_collect::<Vec<_>>()
                    .await
            };
            all.extend(self.db.at_length(found).await?);
        }
        Ok(all)
    }

    pub(super) async fn reach(&self, step: Step) -> Result<(), MongoError> {
        self.steps.reach(step).await.map_err(|why| self.db.failed(why))
    }
}
