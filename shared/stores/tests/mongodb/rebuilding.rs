use crate::{
    shelf::{Account, Balances, Model, Server, account, all},
    suite::World,
};
use interstate_engines::Engine;
use interstate_eventing::{
    Event,
    projection::{Position, ReadModel, Wait},
};
use interstate_log::PartitionId;
use interstate_stores::{
    StoredModel,
    mongo::{FoldError, Index, MongoError, MongoProjection, MongoReadModel, Part, bson::doc},
};
use std::{sync::Arc, time::Duration};

const PATIENCE: Duration = Duration::from_secs(20);

fn sources() -> [PartitionId; 2] {
    [0, 1].map(|index| PartitionId::new(crate::suite::SERVICE, index))
}

fn stored(model: &Model) -> Arc<dyn StoredModel> {
    Arc::new(model.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_of_nobody_is_found_and_is_gone_after_a_switch() {
    let engine = Engine::start("mongo");
    let server = Arc::new(Server::database(&engine).await);
    let mut world = World::new(server.clone()).await;
    let model = server.model().await;
    let (position, _running) = world.start(&stored(&model));
    let seen = world.ledger(0).credit(&[("asha", "10"), ("ravi", "20")]).await;
    position.wait_for(seen, None, PATIENCE).await.unwrap();
    let (readers, more) = (model.readers(), doc! { "_id": "eve", "rev": 1_i64, "seen": {} });
    readers.ask(async |all| all.insert_one(more).await).await.unwrap();
    let compared = model.rebuild(&*world.log, &sources(), true).await.unwrap();
    assert_eq!(compared.tables["balances"], (3, 2, false));
    let compared = model.rebuild(&*world.log, &sources(), false).await.unwrap();
    assert!(compared.switched && !compared.is_equal());
    assert_eq!(all(&model).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_goes_on_with_what_was_rebuilt() {
    let engine = Engine::start("mongo");
    let server = Arc::new(Server::database(&engine).await);
    let mut world = World::new(server.clone()).await;
    let (here, there) = (server.model().await, server.model().await);
    let (position, _running) = world.start(&stored(&there));
    let seen = world.ledger(0).credit(&[("asha", "10")]).await;
    position.wait_for(seen, None, PATIENCE).await.unwrap();
    here.rebuild(&*world.log, &sources(), false).await.unwrap();
    assert_eq!(
        account(&there, "asha").await.unwrap().amount,
        10,
        "what it knows is kept for a while"
    );
    let seen = world.ledger(0).credit(&[("asha", "5")]).await;
    assert_eq!(
        position.wait_for(seen, None, PATIENCE).await.unwrap(),
        Wait::CaughtUp
    );
    for model in [&here, &there] {
        assert_eq!(account(model, "asha").await.unwrap().credits, [10, 5]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_is_dropped_leaves_the_live_one_and_is_cleared_by_the_next() {
    let engine = Engine::start("mongo");
    let server = Arc::new(Server::database(&engine).await);
    let mut world = World::new(server.clone()).await;
    let model = server.model().await;
    let (position, _running) = world.start(&stored(&model));
    for batch in 0..40 {
        let name = format!("account-{}", batch % 30);
        for ledger in 0..2 {
            let seen = world
                .ledger(ledger)
                .credit(&[("asha", "1"), (&name, "2"), ("asha", "3")])
                .await;
            position.wait_for(seen, None, PATIENCE).await.unwrap();
        }
    }
    let amount = async || account(&model, "asha").await.unwrap().amount;
    for millis in [1, 3, 7, 15] {
        let all = sources();
        let rebuild = model.rebuild(&*world.log, &all, false);
        let _ = tokio::time::timeout(Duration::from_millis(millis), rebuild).await;
        assert_eq!(amount().await, 320);
    }
    let all = sources();
    let both = futures::future::join(
        model.rebuild(&*world.log, &all, false),
        model.rebuild(&*world.log, &all, false),
    );
    let (one, other) = both.await;
    assert!(one.is_ok() || other.is_ok(), "{one:?} {other:?}");
    assert_eq!(amount().await, 320);
    let compared = model.rebuild(&*world.log, &all, true).await.unwrap();
    assert!(compared.is_equal(), "{compared:?}");
}

/// The same accounts, another version of them.
struct Later;

impl MongoProjection for Later {
    const NAME: &'static str = Balances::NAME;
    const VERSION: u32 = 2;
    type Document = Account;

    fn indices() -> Vec<Index> {
        Vec::new()
    }

    fn part(&self, event: &Event) -> Result<Option<Part>, FoldError> {
        Balances::default().part(event)
    }

    fn fold(&self, account: &mut Account, _: &Event) -> Result<(), FoldError> {
        account.amount += 1;
        account.credits.push(0);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_begins_anew_and_an_earlier_program_says_so() {
    let engine = Engine::start("mongo");
    let server = Arc::new(Server::database(&engine).await);
    let mut world = World::new(server.clone()).await;
    let earlier = server.model().await;
    let (position, running) = world.start(&stored(&earlier));
    let seen = world.ledger(0).credit(&[("asha", "10")]).await;
    position.wait_for(seen, None, PATIENCE).await.unwrap();
    drop(running);
    let later = MongoReadModel::open(&server.db, Later).await.unwrap();
    assert_eq!(later.position(&sources()[0]).await.unwrap(), Position::default());
    let refused = MongoReadModel::open(&server.db, Balances::default()).await;
    let refused = refused.map(|_| ()).unwrap_err();
    assert!(
        matches!(
            refused,
            MongoError::Newer {
                found: 2,
                known: 1,
                ..
            }
        ),
        "{refused}"
    );
    let looked = MongoReadModel::<Balances>::look(&server.db).await.unwrap_err();
    assert_eq!(looked.to_string(), refused.to_string());
    MongoReadModel::<Later>::look(&server.db).await.unwrap();
    let stalled = earlier.position(&sources()[0]).await.unwrap_err();
    assert!(
        stalled.to_string().contains("start the later program"),
        "{stalled}"
    );
    assert_eq!(
        account(&earlier, "asha").await.unwrap().amount,
        10,
        "it shows what it knows"
    );
    let stored: Arc<dyn StoredModel> = Arc::new(later.clone());
    let (position, _running) = world.start(&stored);
    assert_eq!(
        position.wait_for(seen, None, PATIENCE).await.unwrap(),
        Wait::CaughtUp
    );
    let readers = later.readers();
    let found = readers.ask(async |all| all.find_one(doc! { "_id": "asha" }).await);
    let found: Option<Account> = found.await.unwrap();
    assert_eq!(found.unwrap().amount, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_dropped_while_everybody_works_is_filled_again_from_the_log() {
    let engine = Engine::start("mongo");
    let server = Arc::new(Server::database(&engine).await);
    let mut world = World::new(server.clone()).await;
    let model = server.model().await;
    let (position, _running) = world.start(&stored(&model));
    let seen = world.ledger(0).credit(&[("asha", "10")]).await;
    position.wait_for(seen, None, PATIENCE).await.unwrap();
    for name in server.db.collections().await.unwrap() {
        server.db.forget(&name).await.unwrap();
    }
    let seen = world.ledger(0).credit(&[("asha", "5")]).await;
    assert_eq!(
        position.wait_for(seen, None, PATIENCE).await.unwrap(),
        Wait::CaughtUp
    );
    assert_eq!(account(&model, "asha").await.unwrap().credits, [10, 5]);
}
