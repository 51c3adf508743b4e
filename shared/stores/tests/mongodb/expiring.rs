use crate::{
    shelf::{Server, account},
    suite::World,
};
use interstate_engines::Engine;
use interstate_eventing::projection::Wait;
use interstate_log::PartitionId;
use interstate_stores::StoredModel;
use std::{sync::Arc, time::Duration};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_is_removed_by_the_server_some_time_later_and_no_rebuild_minds() {
    let engine = Engine::start_with("mongo", &[("MONGO_TTL_SWEEP", "1")]);
    let server = Arc::new(Server::database(&engine).await);
    let mut world = World::new(server.clone()).await;
    let model = server.model().await.with_kept(Duration::from_secs(2));
    let stored: Arc<dyn StoredModel> = Arc::new(model.clone());
    let (position, _running) = world.start(&stored);
    let seen = world
        .ledger(0)
        .credit(&[("asha", "86"), ("ravi", "1"), ("ravi", "nothing")])
        .await;
    assert_eq!(
        position.wait_for(seen, None, PATIENCE).await.unwrap(),
        Wait::CaughtUp
    );
    assert!(account(&model, "asha").await.is_some(), "it is kept for a while");
    tokio::time::timeout(PATIENCE, async {
        while account(&model, "asha").await.is_some() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await
    .expect("the server removes what has expired");
    assert_eq!(account(&model, "ravi").await.unwrap().amount, 1);
    let sources = [0, 1].map(|index| PartitionId::new(crate::suite::SERVICE, index));
    let compared = model.rebuild(&*world.log, &sources, true).await.unwrap();
    assert!(compared.is_equal(), "{compared:?}");
}
