//! Whether two generations hold the same, while the live one goes on: one pass over both in the order of their ids, in
//! constant memory, and then another look at what differed, for it may have changed in between.

use super::{Mongo, MongoError, MongoProjection, document::date, readers, rebuild::Beside, sums};
use crate::{Comparison, RebuildError};
use futures::TryStreamExt;
use interstate_eventing::runtime::MachineClock;
use interstate_schemas::SignedDuration;
use mongodb::{
    Cursor,
    bson::{Document, RawDocumentBuf, doc},
};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// Documents of one answer.
const PAGE: u32 = 1_000;
/// Looks at what differs while everybody goes on; then the runners of this process are held.
const FREE_LOOKS: u32 = 3;
/// How long a document may keep changing before it counts as different.
const PATIENCE: Duration = Duration::from_secs(30);

/// A document as it counts.
struct Row {
    id: String,
    hash: [u8; 32],
    /// Partition and sequence of what it has.
    seen: Vec<(u32, u64)>,
}

/// In which of the two a document was counted.
#[derive(Clone, Copy, Default)]
struct Counted {
    live: bool,
    fresh: bool,
}

/// What is known so far.
#[derive(Default)]
struct Found {
    live: u64,
    fresh: u64,
    /// They differed when they were looked at.
    unsettled: BTreeMap<String, Counted>,
    /// They differ, and hold the same events.
    different: u64,
}

/// Compares the generation in use with the filled one, which has caught up with it a moment ago.
pub(super) async fn compare<P: MongoProjection>(beside: &Beside<'_, P>) -> Result<Comparison, RebuildError> {
    let mut found = pass(beside).await?;
    let give_up = Instant::now() + PATIENCE;
    let mut parked;
    let mut looks = 0;
    loop {
        let held = if looks < FREE_LOOKS {
            Vec::new()
        } else {
            beside.hold().await
        };
        beside.catch_up(&beside.live.state().await?).await?;
        settle(beside, &mut found).await?;
        let live = beside.live.aside(beside.from).all().await?;
        let fresh = beside.live.aside(beside.filled).all().await?;
        parked = (live.len() as u64, fresh.len() as u64, live == fresh);
        drop(held);
        let is_settled = found.unsettled.is_empty() && (parked.2 || looks > FREE_LOOKS);
        if is_settled || Instant::now() > give_up {
            break;
        }
        looks += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let equal = found.different == 0 && found.unsettled.is_empty();
    let documents = P::NAME.replace('-', "_");
    Ok(Comparison {
        events: 0,
        tables: BTreeMap::from([
            (documents, (found.live, found.fresh, equal)),
            ("parked".to_owned(), parked),
        ]),
        switched: false,
    })
}

/// Documents that are certainly there. One that has expired may have been removed from the live ones, and is made again
/// by a replay.
fn certain<P: MongoProjection>(beside: &Beside<'_, P>) -> Document {
    let kept = SignedDuration::try_from(beside.live.kept / 2).unwrap_or_default();
    let now = MachineClock::machine_now();
    let from = now.checked_sub(kept).unwrap_or(now);
    doc! { "$or": [{ "expires": { "$exists": false } }, { "expires": { "$gt": date(from) } }] }
}

async fn pass<P: MongoProjection>(beside: &Beside<'_, P>) -> Result<Found, MongoError> {
    let only = certain(beside);
    let db = &beside.live.db;
    let mut live = rows(db, &readers::collection(P::NAME, beside.from), only.clone()).await?;
    let mut fresh = rows(db, &readers::collection(P::NAME, beside.filled), only).await?;
    let mut found = Found::default();
    let (mut one, mut other) = (next(db, &mut live).await?, next(db, &mut fresh).await?);
    loop {
        let order = match (&one, &other) {
            (None, None) => return Ok(found),
            (Some(one), Some(other)) => one.id.cmp(&other.id),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
        };
        let is_same = one.as_ref().map(|row| row.hash) == other.as_ref().map(|row| row.hash);
        if order.is_le()
            && let Some(row) = one.take()
        {
            found.live += 1;
            if order.is_lt() || !is_same {
                found.unsettled.entry(row.id).or_default().live = true;
            }
            one = next(db, &mut live).await?;
        }
        if order.is_ge()
            && let Some(row) = other.take()
        {
            found.fresh += 1;
            if order.is_gt() || !is_same {
                found.unsettled.entry(row.id).or_default().fresh = true;
            }
            other = next(db, &mut fresh).await?;
        }
    }
}

/// Looks again at what differed. The filled generation is where the live one was before, or behind that.
async fn settle<P: MongoProjection>(beside: &Beside<'_, P>, found: &mut Found) -> Result<(), MongoError> {
    let ids: Vec<String> = found.unsettled.keys().cloned().collect();
    for some in ids.chunks(PAGE as usize) {
        let only = doc! { "$and": [{ "_id": { "$in": some } }, certain(beside)] };
        let db = &beside.live.db;
        let live = all(db, &readers::collection(P::NAME, beside.from), only.clone()).await?;
        let fresh = all(db, &readers::collection(P::NAME, beside.filled), only).await?;
        for id in some {
            let (one, other) = (live.get(id), fresh.get(id));
            let is_same = one.map(|row| row.hash) == other.map(|row| row.hash);
            let has_all = |row: &Row| {
                row.seen
                    .iter()
                    .all(|(partition, last)| beside.sequence(*partition) >= *last)
            };
            if !is_same && !one.is_none_or(has_all) {
                continue;
            }
            let counted = found.unsettled.remove(id).unwrap_or_default();
            found.live += u64::from(one.is_some() && !counted.live);
            found.fresh += u64::from(other.is_some() && !counted.fresh);
            found.different += u64::from(!is_same);
        }
    }
    Ok(())
}

async fn rows(db: &Mongo, collection: &str, only: Document) -> Result<Cursor<RawDocumentBuf>, MongoError> {
    let collection = db.collection::<RawDocumentBuf>(collection);
    db.at_length(collection.find(only).sort(doc! { "_id": 1 }).batch_size(PAGE))
        .await
}

async fn next(db: &Mongo, rows: &mut Cursor<RawDocumentBuf>) -> Result<Option<Row>, MongoError> {
    let document = db.at_length(rows.try_next()).await?;
    document.map(|document| row(&document)).transpose()
}

async fn all(db: &Mongo, collection: &str, only: Document) -> Result<BTreeMap<String, Row>, MongoError> {
    let mut cursor = rows(db, collection, only).await?;
    let mut all = BTreeMap::new();
    while let Some(row) = next(db, &mut cursor).await? {
        all.insert(row.id.clone(), row);
    }
    Ok(all)
}

fn row(document: &RawDocumentBuf) -> Result<Row, MongoError> {
    let unreadable = |error| MongoError::unreadable("document", &error);
    let mut seen = Vec::new();
    if let Ok(fields) = document.get_document("seen") {
        for field in fields {
            let (of, last) = field.map_err(unreadable)?;
            let partition = of
                .as_str()
                .rsplit(':')
                .next()
                .and_then(|index| index.parse().ok());
            // One that names no partition was not written by a fold: it never settles.
            seen.push((
                partition.unwrap_or(u32::MAX),
                last.as_i64().unwrap_or(i64::MAX).unsigned_abs(),
            ));
        }
    }
    Ok(Row {
        id: document.get_str("_id").unwrap_or_default().to_owned(),
        hash: sums::of(document).map_err(unreadable)?,
        seen,
    })
}
