//! Processes that end, or are held up, between any two writes.

use crate::{
    shelf::{Balances, Model, Server, all},
    suite::World,
};
use async_trait::async_trait;
use interstate_engines::Engine;
use interstate_eventing::{
    Batches, Event,
    projection::{Position, ReadModel, StoreFailure},
};
use interstate_log::PartitionId;
use interstate_log::Topic;
use interstate_stores::mongo::{
    Mongo, MongoReadModel, Step, Steps,
    bson::{Bson, Document, doc},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use tokio::sync::Notify;

/// Ends a process at its nth step, or holds it up there until it is told to go on.
#[derive(Default)]
struct At {
    nth: usize,
    ends: bool,
    reached: AtomicUsize,
    seen: Mutex<BTreeSet<String>>,
    waits: Notify,
    go_on: Notify,
}

#[async_trait]
impl Steps for At {
    async fn reach(&self, step: Step) -> Result<(), String> {
        self.seen.lock().unwrap().insert(format!("{step:?}"));
        if self.reached.fetch_add(1, Ordering::SeqCst) != self.nth {
            return Ok(());
        }
        if self.ends {
            return Err("the process ends here".to_owned());
        }
        self.waits.notify_one();
        self.go_on.notified().await;
        Ok(())
    }
}

/// Batches of one partition, as a runner takes them up.
async fn batches(world: &World) -> Vec<(Vec<Event>, Position)> {
    let chunk = world
        .log
        .read(&Topic::events("ledger"), 0, 0)
        .await
        .unwrap()
        .poll(1_000)
        .await
        .unwrap();
    let mut whole = Batches::new("ledger".into(), 0, 0, 0);
    let batches = chunk
        .records
        .iter()
        .filter_map(|stored| whole.push(stored).unwrap());
    batches
        .map(|mut batch| (std::mem::take(&mut batch.events), Position::behind(&batch)))
        .collect()
}

/// As a runner does from where the position stands.
async fn carry(model: &Model, batches: &[(Vec<Event>, Position)]) -> Result<(), StoreFailure> {
    let stands = model.position(&source(0)).await?;
    for (events, to) in batches.iter().filter(|(_, to)| to.receipt > stands.receipt) {
        model.apply(&source(0), events, *to).await?;
    }
    Ok(())
}

fn source(index: u32) -> PartitionId {
    PartitionId::new(crate::suite::SERVICE, index)
}

type Everything = (BTreeMap<String, Document>, Vec<(u64, String)>, Position);

async fn everything(model: &Model) -> Everything {
    let parked = model.parked(&source(0)).await.unwrap();
    (
        all(model).await,
        parked
            .into_iter()
            .map(|parked| (parked.event.sequence, parked.reason))
            .collect(),
        model.position(&source(0)).await.unwrap(),
    )
}

/// Three batches in which accounts meet again, with one that fails in the middle.
async fn story(engine: &Engine) -> Vec<(Vec<Event>, Position)> {
    let mut world = World::new(Arc::new(Server::database(engine).await)).await;
    world
        .ledger(0)
        .credit(&[("asha", "1"), ("ravi", "10"), ("asha", "2")])
        .await;
    world
        .ledger(0)
        .credit(&[
            ("asha", "3"),
            ("asha", "bad"),
            ("asha", "4"),
            ("meera", "5"),
            ("ravi", "20"),
        ])
        .await;
    world
        .ledger(0)
        .credit(&[("ravi", "30"), ("asha", "5"), ("meera", "6")])
        .await;
    batches(&world).await
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_process_ends_the_next_one_makes_the_same_of_it() {
    let engine = Engine::start("mongo");
    let batches = story(&engine).await;
    let undisturbed = Server::database(&engine).await.model().await;
    carry(&undisturbed, &batches).await.unwrap();
    let expected = everything(&undisturbed).await;
    assert_eq!(
        expected
            .1
            .iter()
            .map(|(sequence, _)| *sequence)
            .collect::<Vec<_>>(),
        [5, 6, 10]
    );
    let mut seen = BTreeSet::new();
    for nth in 0.. {
        let server = Server::database(&engine).await;
        let at = Arc::new(At {
            nth,
            ends: true,
            ..At::default()
        });
        let ended = carry(&server.model().await.with_steps(at.clone()), &batches).await;
        seen.extend(at.seen.lock().unwrap().clone());
        if ended.is_ok() {
            assert!(nth >= 12, "three batches have more steps than {nth}");
            break;
        }
        let next = server.model().await;
        carry(&next, &batches).await.unwrap();
        assert_eq!(everything(&next).await, expected, "ended at step {nth}");
    }
    assert_eq!(
        Vec::from_iter(seen),
        ["Documents", "Loaded", "Moved", "Parked", "Written"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_held_up_anywhere_takes_nothing_back_when_it_goes_on() {
    let engine = Engine::start("mongo");
    let batches = story(&engine).await;
    let undisturbed = Server::database(&engine).await.model().await;
    carry(&undisturbed, &batches).await.unwrap();
    let expected = everything(&undisturbed).await;
    for nth in 0.. {
        let server = Server::database(&engine).await;
        let at = Arc::new(At { nth, ..At::default() });
        let slow = server.model().await.with_steps(at.clone());
        let (own, limit) = (batches.clone(), std::time::Duration::from_secs(20));
        let mut going = tokio::spawn(async move { carry(&slow, &own).await });
        tokio::select! {
            _ = &mut going => {
                assert!(nth >= 12, "three batches have more steps than {nth}");
                break;
            }
            () = at.waits.notified() => {}
        }
        let quick = server.model().await;
        carry(&quick, &batches).await.unwrap();
        assert_eq!(
            everything(&quick).await,
            expected,
            "beside one that waits at step {nth}"
        );
        at.go_on.notify_one();
        let ended = tokio::time::timeout(limit, going)
            .await
            .expect("it goes on")
            .unwrap();
        ended.unwrap_or_else(|error| panic!("held up at step {nth}: {error}"));
        assert_eq!(
            everything(&quick).await,
            expected,
            "behind one that waited at step {nth}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_taking_parked_events_up_ends_the_next_time_finishes_it() {
    let engine = Engine::start("mongo");
    let batches = story(&engine).await;
    for nth in 0.. {
        let server = Server::database(&engine).await;
        carry(&server.model().await, &batches).await.unwrap();
        let mended = Arc::new(AtomicBool::new(true));
        let at = Arc::new(At {
            nth,
            ends: true,
            ..At::default()
        });
        let model = MongoReadModel::open(&server.db, Balances { mended })
            .await
            .unwrap();
        let ended = model.with_steps(at).retry_parked(&source(0)).await;
        let retried = model.retry_parked(&source(0)).await.unwrap();
        let (documents, parked, _) = everything(&model).await;
        assert_eq!(
            documents["asha"].get_i64("amount").unwrap(),
            1_015,
            "ended at step {nth}"
        );
        assert_eq!((parked.len(), retried.parked), (0, 0));
        if ended.is_ok() {
            assert!(nth >= 3);
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_with_less_is_told_again_all_that_it_has_lost() {
    let engine = Engine::start("mongo");
    let batches = story(&engine).await;
    let undisturbed = Server::database(&engine).await.model().await;
    carry(&undisturbed, &batches).await.unwrap();
    let server = Server::database(&engine).await;
    let model = server.model().await;
    let [first, second, third] = &batches[..] else {
        panic!("the story has three batches");
    };
    carry(&model, std::slice::from_ref(first)).await.unwrap();
    let kept = copied(&server.db).await;
    carry(&model, std::slice::from_ref(second)).await.unwrap();
    put_back(&server.db, kept).await;

    // Its runner knows nothing of that, and goes on.
    let refused = model.apply(&source(0), &third.0, third.1).await.unwrap_err();
    assert!(refused.to_string().contains("has gone back"), "{refused}");
    carry(&model, &batches).await.unwrap();
    assert_eq!(everything(&model).await, everything(&undisturbed).await);
}

/// All documents of all collections.
async fn copied(db: &Mongo) -> Vec<(String, Vec<Bson>)> {
    let mut kept = Vec::new();
    for name in db.collections().await.unwrap() {
        let found = db
            .command(doc! { "find": &name, "batchSize": 1_000 })
            .await
            .unwrap();
        let cursor = found.get_document("cursor").unwrap();
        kept.push((name, cursor.get_array("firstBatch").unwrap().clone()));
    }
    kept
}

/// As a server has it that lost what was written since.
async fn put_back(db: &Mongo, kept: Vec<(String, Vec<Bson>)>) {
    for (name, documents) in kept {
        let everything = doc! { "q": {}, "limit": 0 };
        db.command(doc! { "delete": &name, "deletes": [everything] })
            .await
            .unwrap();
        if !documents.is_empty() {
            db.command(doc! { "insert": &name, "documents": documents })
                .await
                .unwrap();
        }
    }
}
