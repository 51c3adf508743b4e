//! Topics: made once, never changed in place, and missed by name.

use super::*;

pub(super) async fn ensure_creates_once_and_accepts_what_is_there(harness: &dyn Harness) {
    let service = harness.service();
    let log = harness.open().await;
    ensure(&*log, &service, 2).await.expect("made");
    ensure(&*log, &service, 2).await.expect("there");
    let other = harness.open().await;
    ensure(&*other, &service, 2).await.expect("there for others too");
    assert_eq!(other.end(&events(&service), 1).await.expect("it exists"), 0);
    let specs = [TopicKind::Events, TopicKind::Commands].map(|kind| TopicSpec {
        topic: Topic::new(service.clone(), kind),
        partitions: 2,
    });
    let differences = other.differences(&specs).await.expect("it answers");
    assert_eq!(
        differences.unwrap_or_default(),
        [""; 0],
        "what it made is as it makes it"
    );
}

pub(super) async fn another_number_of_partitions_is_refused(harness: &dyn Harness) {
    let log = harness.open().await;
    let service = service(harness, &*log).await;
    drop(log);
    harness.crash().await;
    let log = harness.open().await;
    match ensure_events(&*log, &service, 3).await {
        Err(LogError::PartitionCount {
            found: 2,
            wanted: 3,
            topic,
        }) => {
            assert!(topic.contains(&service), "{topic} names the topic");
        }
        other => panic!("{other:?}"),
    }
    ensure(&*log, &service, 2)
        .await
        .expect("the right number still works");
    let beyond = log.read(&events(&service), 2, 0).await.err();
    assert!(
        matches!(beyond, Some(LogError::PartitionCount { found: 2, .. })),
        "{beyond:?}"
    );
}

async fn ensure_events(log: &dyn Log, service: &str, partitions: u32) -> Result<(), LogError> {
    log.ensure(&[TopicSpec {
        topic: events(service),
        partitions,
    }])
    .await
}

pub(super) async fn an_unknown_topic_is_named(harness: &dyn Harness) {
    let log = harness.open().await;
    let nobody = harness.service();
    let topic = events(&nobody);
    let id = PartitionId::new(nobody.clone(), 0);
    let answers = [
        ("take_over", log.take_over(&id).await.err()),
        ("read", log.read(&topic, 0, 0).await.err()),
        ("end", log.end(&topic, 0).await.err()),
        ("sender", log.sender(&Topic::commands(nobody.clone())).await.err()),
        ("join", log.join(&nobody).await.err()),
    ];
    for (what, error) in answers {
        match error {
            Some(LogError::UnknownTopic { topic }) => assert!(topic.contains(&nobody), "{what}: {topic}"),
            other => panic!("{what}: {other:?}"),
        }
    }
}
