//! Three brokers, whose leader is killed under load.

use crate::{
    broker::Brokers,
    crash::{count, try_count},
    story,
};
use interstate_log::{AppendError, Log, LogError, PartitionId, Record, Topic, TopicSpec, kafka::KafkaLog};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

fn batch(number: u64) -> Vec<Record> {
    (0..5)
        .map(|index| Record {
            payload: format!("{number}.{index}").into(),
            ..Record::default()
        })
        .collect()
}

/// Writes as a task does: on an outcome that is not known it takes over again and looks.
async fn write_until(log: KafkaLog, service: String, stop: Arc<AtomicBool>) -> u64 {
    let id = PartitionId::new(service.clone(), 0);
    let mut number = 0;
    'owner: while !stop.load(Ordering::SeqCst) {
        let mut writer = match log.take_over(&id).await {
            Ok(writer) => writer,
            Err(LogError::Unreachable { .. }) => continue,
            Err(error) => panic!("{error}"),
        };
        let Ok(found) = try_count(&log, &service).await else {
            continue;
        };
        assert!(
            (number..=number + 1).contains(&found),
            "{number} acknowledged, {found} found"
        );
        number = found;
        while !stop.load(Ordering::SeqCst) {
            match writer.append(batch(number)).await {
                Ok(_) => number += 1,
                Err(AppendError::Aborted(_)) => {}
                Err(_) => continue 'owner,
            }
        }
    }
    number
}

/// What a client was told of a partition without a leader does not mend by itself: it has to ask anew.
#[test]
fn the_end_of_a_partition_that_had_no_leader_is_found_when_it_has_one_again() {
    const PARTITIONS: u32 = 6;
    story::tell(|doing| async move {
        let (brokers, topic) = (Brokers::start(3), Topic::events("booking"));
        let mut options = brokers.options();
        options.replication = Some(1);
        options.settle_timeout = Duration::from_secs(10);
        let [asking, other] = [(); 2].map(|()| KafkaLog::new(options.clone()).unwrap());
        let partitions = PARTITIONS;
        let topics = [TopicSpec {
            topic: topic.clone(),
            partitions,
        }];
        asking.ensure(&topics).await.unwrap();
        other.ensure(&topics).await.unwrap();
        doing.now("killing node 2");
        tokio::task::block_in_place(|| brokers.run(&["kill-node", "2"]));
        doing.now("asking for the topic, of which nobody leads a part");
        let error = loop {
            match asking.ensure(&topics).await {
                Ok(()) => tokio::time::sleep(Duration::from_millis(200)).await,
                Err(error) => break error,
            }
        };
        assert!(error.to_string().contains("without a leader"), "{error}");
        doing.now("starting node 2 again");
        tokio::task::block_in_place(|| brokers.run(&["start-node", "2"]));
        other.ensure(&topics).await.unwrap();
        for partition in 0..PARTITIONS {
            doing.now(format!("asking again for the end of partition {partition}"));
            assert_eq!(asking.end(&topic, partition).await.unwrap(), 0);
        }
    });
}

#[test]
fn killing_two_of_three_brokers_in_turn_loses_and_doubles_nothing() {
    story::tell(|doing| async move {
        let brokers = Brokers::start(3);
        let (service, log) = (brokers.service(), brokers.log());
        let topic = Topic::events(service.clone());
        log.ensure(&[TopicSpec { topic, partitions: 1 }]).await.unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let writing = tokio::spawn(write_until(log.clone(), service.clone(), stop.clone()));
        tokio::time::sleep(Duration::from_secs(4)).await;
        for node in ["1", "2", "3"] {
            doing.now(format!("killing node {node}"));
            tokio::task::block_in_place(|| brokers.run(&["kill-node", node]));
            tokio::time::sleep(Duration::from_secs(8)).await;
            doing.now(format!("starting node {node} again"));
            tokio::task::block_in_place(|| brokers.run(&["start-node", node]));
            tokio::time::sleep(Duration::from_secs(4)).await;
        }
        stop.store(true, Ordering::SeqCst);
        doing.now("waiting for the writer to end");
        let acknowledged = writing.await.unwrap();
        doing.now("counting what is there");
        let _fences_what_is_left = log
            .take_over(&PartitionId::new(service.clone(), 0))
            .await
            .unwrap();
        let found = count(&log, &service).await;
        println!("{acknowledged} acknowledged, {found} found");
        assert!(acknowledged > 100, "it wrote all along");
        assert!((acknowledged..=acknowledged + 1).contains(&found));
    });
}
