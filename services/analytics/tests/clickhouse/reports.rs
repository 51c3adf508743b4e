//! The same figures as on SQLite, and parking.

use crate::{
    history,
    server::Server,
    suite::{
        checks,
        checks::{Store, behind},
        story,
    },
};
use interstate_analytics::{
    domain::FOLLOWED,
    read::clickhouse::{ClickHouseFacts, ClickHouseReports},
};
use interstate_eventing::projection::ReadModel;
use interstate_log::PartitionId;
use interstate_stores::StoredModel;
use std::{collections::BTreeMap, sync::Arc};

#[tokio::test]
async fn the_figures_of_the_story_are_those_computed_by_hand() {
    let server = Server::start();
    let dir = tempfile::tempdir().unwrap();
    let log = history::open(dir.path()).await;
    let db = server.database();
    let models = FOLLOWED.map(|service| {
        let model: Arc<dyn ReadModel> = Arc::new(ClickHouseFacts::new(&db, service, log.clone()));
        (service, model)
    });
    let store = Store {
        models: BTreeMap::from(models),
        reports: Arc::new(ClickHouseReports::new(&db)),
    };
    let story = story::told();
    store.follow(&story).await;
    checks::all(&*store.reports, &story).await;

    // What the dashboard adds up is what the facts are.
    let happened = server.number("SELECT sum(events) FROM events_daily").await;
    assert_eq!(happened, server.number("SELECT count() FROM events").await);
}

#[tokio::test]
async fn an_event_that_cannot_be_counted_is_put_aside_with_those_behind_it() {
    let server = Server::start();
    let dir = tempfile::tempdir().unwrap();
    let log = history::open(dir.path()).await;
    let model = ClickHouseFacts::new(&server.database(), history::SERVICE, log);
    let source = PartitionId::new(history::SERVICE, 0);
    let mut events = history::events(0, 1, 7);
    // The third event of booking 1: those behind it wait.
    let at = events
        .iter()
        .position(|event| &*event.event_type == "booking.confirmed.v1")
        .unwrap();
    let (good, subject) = (events[at].clone(), events[at].subject.clone());
    events[at].event_type = "booking.assigned.v1".into();
    let waiting = events[at..]
        .iter()
        .filter(|event| event.subject == subject)
        .count() as u64;
    let applied = model.apply(&source, &events, behind(7)).await.unwrap();
    assert_eq!(applied.parked, waiting);
    assert_eq!(model.parked_count(&source).await.unwrap(), waiting);
    assert!(model.is_parked(&source, &subject).await.unwrap());
    assert!(!model.is_parked(&source, "somebody else").await.unwrap());
    let notes = model.parked_notes(10).await.unwrap();
    assert_eq!((notes.len() as u64, notes[0].sequence), (waiting, good.sequence));
    assert_eq!(model.position(&source).await.unwrap(), behind(7));
    assert_eq!(server.number("SELECT count() FROM events").await, 7 - waiting);

    // Nothing has changed, so nothing is taken up; and nothing twice.
    let retried = model.retry_parked(&source).await.unwrap();
    assert_eq!((retried.handled, retried.parked), (0, waiting));
    assert_eq!(server.number("SELECT count() FROM events").await, 7 - waiting);
    let parked = model.parked(&source).await.unwrap();
    assert_eq!(parked.first().map(|parked| &parked.event), Some(&events[at]));
}
