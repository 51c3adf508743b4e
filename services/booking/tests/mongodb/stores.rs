//! The two stores, filled with the same events.

use crate::events::Partitions;
use interstate_booking::read::{
    BookingDocuments, BookingHistory, BookingProjection, MongoBookings, SqliteBookings,
};
use interstate_config::Secret;
use interstate_engines::Engine;
use interstate_eventing::{
    Event,
    projection::{Changes, Position, ReadModel},
};
use interstate_log::PartitionId;
use interstate_stores::{
    Sqlite, SqliteReadModel,
    mongo::{Mongo, MongoReadModel},
};
use std::sync::atomic::{AtomicU32, Ordering};

static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A database that no other test has.
pub async fn database(engine: &Engine) -> Mongo {
    let number = DATABASES.fetch_add(1, Ordering::Relaxed);
    let url = format!("mongodb://127.0.0.1:{}/booking{number}", engine.port());
    Mongo::open(&Secret::new(url), "booking").await.unwrap()
}

pub async fn documents(db: &Mongo) -> (BookingHistory, MongoReadModel<BookingDocuments>) {
    let changes = Changes::default();
    let model = MongoReadModel::open(db, BookingDocuments::new(changes.clone()))
        .await
        .unwrap();
    (
        BookingHistory::new(MongoBookings::new(model.readers()), changes),
        model,
    )
}

pub async fn tables(dir: &std::path::Path) -> (BookingHistory, SqliteReadModel<BookingProjection>) {
    let db = Sqlite::open(dir.join("booking.db")).await.unwrap();
    let changes = Changes::default();
    let model = SqliteReadModel::open(&db, BookingProjection::new(changes.clone()))
        .await
        .unwrap();
    (
        BookingHistory::new(SqliteBookings::new(db.readers().clone()), changes),
        model,
    )
}

/// The partitions in turn, so many events at a time.
pub async fn fill(model: &dyn ReadModel, partitions: &Partitions, at_once: usize) {
    let mut chunks: Vec<_> = partitions.iter().map(|events| events.chunks(at_once)).collect();
    let mut open = true;
    while open {
        open = false;
        for (index, chunks) in (0..).zip(&mut chunks) {
            if let Some(events) = chunks.next() {
                take_up(model, index, events).await;
                open = true;
            }
        }
    }
}

async fn take_up(model: &dyn ReadModel, index: u32, events: &[Event]) {
    let last = events.last().unwrap().sequence;
    let to = Position {
        next: last,
        sequence: last,
        receipt: last,
        incarnation: 1,
    };
    let source = PartitionId::new("booking", index);
    let applied = model.apply(&source, events, to).await.unwrap();
    assert_eq!(
        applied.parked,
        0,
        "{:?}",
        model.parked(&source).await.unwrap()[0].reason
    );
}
