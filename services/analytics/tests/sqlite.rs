//! The reports on SQLite.
#![allow(clippy::unwrap_used, reason = "tests")]

mod suite;

use interstate_analytics::read::sqlite::{
    BookingFacts, DriverFacts, LocationFacts, PaymentFacts, SqliteReports, UserFacts,
};
use interstate_eventing::projection::ReadModel;
use interstate_stores::{Projection, Sqlite, SqliteReadModel};
use std::{collections::BTreeMap, sync::Arc};
use suite::{checks, checks::Store, story};

async fn model<P: Projection>(db: &Sqlite, facts: P) -> Arc<dyn ReadModel> {
    Arc::new(SqliteReadModel::open(db, facts).await.unwrap())
}

#[tokio::test]
async fn the_figures_of_the_story_are_those_computed_by_hand() {
    let dir = tempfile::tempdir().unwrap();
    let db = Sqlite::open(dir.path().join("analytics.db")).await.unwrap();
    let store = Store {
        models: BTreeMap::from([
            ("user", model(&db, UserFacts).await),
            ("booking", model(&db, BookingFacts).await),
            ("location", model(&db, LocationFacts).await),
            ("driver", model(&db, DriverFacts).await),
            ("payment", model(&db, PaymentFacts).await),
        ]),
        reports: Arc::new(SqliteReports::new(db.readers().clone(), 1)),
    };
    let story = story::told();
    store.follow(&story).await;
    checks::all(&*store.reports, &story).await;
}
